/**
 * Metrics of an application. They are made from the lines that its functions log: so functions wait
 * for no call, and putting metrics costs nothing.
 */
import { Duration } from 'aws-cdk-lib'
import { Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { hash } from 'node:crypto'
import { MillraceError } from '../lib/base/errors.ts'

/** The names of the metrics. */
export type MetricName =
  | 'Lag'
  | 'Batches'
  | 'Records'
  | 'ProcessingTime'
  | 'FailedBatches'
  | 'Failed'
  | 'Superseded'
  | 'DeadLetters'
  | 'DataLosses'
  | 'FallingBehind'
  | 'ClockSkews'
  | 'DriverTimeouts'
  | 'RefusedMessages'
  | 'Problems'

interface Definition {
  readonly role: 'intake' | 'driver'
  /** The pattern of the lines that count. */
  readonly pattern: string
  /** In the id of the filter, where a metric has several in one log. */
  readonly form?: string
  /** What is counted: a field of the line, or the line itself. */
  readonly value: string
  /** The lines that are a problem, if not all are: by the value above which an alarm rings. */
  readonly problem?: (above: number) => string
}

/**
 * While the application stands still, `Failed` is logged each minute. `Lag` is in milliseconds,
 * from each line that has it.
 */
const DEFINITIONS: readonly (Definition & { readonly name: MetricName })[] = [
  {
    name: 'Lag',
    role: 'driver',
    pattern: '{ $.lagMs >= 0 }',
    value: '$.lagMs',
    problem: (above) => `{ $.lagMs > ${above} }`,
  },
  { name: 'Batches', role: 'driver', pattern: '{ $.event = "batchCompleted" }', value: '1' },
  {
    name: 'Records',
    role: 'driver',
    pattern: '{ $.event = "batchCompleted" }',
    value: '$.records',
  },
  {
    name: 'ProcessingTime',
    role: 'driver',
    pattern: '{ $.event = "batchCompleted" }',
    value: '$.processingMs',
  },
  { name: 'FailedBatches', role: 'driver', pattern: '{ $.event = "batchFailed" }', value: '1' },
  {
    name: 'Failed',
    role: 'driver',
    pattern: '{ $.event = "driver" && $.kind = "failed" }',
    value: '1',
  },
  {
    name: 'Superseded',
    role: 'driver',
    pattern: '{ $.event = "driver" && $.kind = "superseded" }',
    value: '1',
  },
  {
    name: 'DataLosses',
    role: 'driver',
    pattern: '{ $.event = "dataLost" || $.code = "DATA_LOST" }',
    value: '1',
  },
  { name: 'FallingBehind', role: 'driver', pattern: '{ $.event = "fallingBehind" }', value: '1' },
  { name: 'ClockSkews', role: 'driver', pattern: '{ $.event = "clockSkew" }', value: '1' },
  {
    name: 'DriverTimeouts',
    role: 'driver',
    // What Lambda writes, in its text format. No line of ours begins with a time.
    pattern: '[time=2*Z, request, task=Task, timed=timed, out=out, ...]',
    value: '1',
  },
  {
    name: 'DriverTimeouts',
    form: 'Json',
    role: 'driver',
    // The same in its JSON format.
    pattern: '{ $.type = "platform.report" && $.record.status = "timeout" }',
    value: '1',
  },
  { name: 'DeadLetters', role: 'driver', pattern: '{ $.event = "deadLetter" }', value: '1' },
  {
    name: 'DeadLetters',
    role: 'intake',
    pattern: '{ $.event = "intake" && $.rejected > 0 }',
    value: '$.rejected',
  },
  {
    name: 'RefusedMessages',
    role: 'intake',
    pattern: '{ $.event = "messageRefused" }',
    value: '1',
  },
]

/** The statistic to look at: the maximum of times, the sum of counts. */
const statisticOf = (name: MetricName): string =>
  name === 'Lag' || name === 'ProcessingTime' ? Stats.MAXIMUM : Stats.SUM

const NAMESPACE_MAX = 255
const HASH_DIGITS = 8

/**
 * The namespace of the metrics of an application, by the path of its construct. CloudWatch refuses
 * other letters and longer names, and only when the stack is deployed.
 */
export const namespaceOf = (path: string): string => {
  const plain = `Millrace/${path}`
  const fit = plain.replaceAll(/[^A-Za-z0-9._/# -]/g, '-')
  if (fit === plain && plain.length <= NAMESPACE_MAX) return plain
  const digits = hash('sha256', plain).slice(0, HASH_DIGITS)
  return `${fit.slice(0, NAMESPACE_MAX - HASH_DIGITS - 1)}-${digits}`
}

/** The metric with a name, in the namespace of one application. */
export const metricOf = (
  namespace: string,
  name: MetricName,
  options: MetricOptions = {},
): Metric =>
  new Metric({
    namespace,
    metricName: name,
    period: Duration.minutes(1),
    statistic: statisticOf(name),
    ...options,
  })

/** Where the metrics of an application are, and the logs that they are made of. */
export interface MetricParts {
  readonly namespace: string
  readonly logs: Readonly<Record<'intake' | 'driver', ILogGroup>>
}

/** Makes the metrics from the logs. */
export const createMetrics = (scope: Construct, parts: MetricParts): void => {
  for (const definition of DEFINITIONS)
    createFilter(scope, parts, { ...definition, id: idOf(definition) })
}

/** Makes the metric of all problems: a one for each line that one of the rules looks for. */
export const createProblems = (
  scope: Construct,
  parts: MetricParts,
  rules: readonly { readonly shared?: MetricName; readonly above?: number }[],
): void => {
  for (const { shared, above = 0 } of rules)
    for (const definition of DEFINITIONS.filter(({ name }) => name === shared))
      createFilter(scope, parts, {
        ...definition,
        id: `Problem${idOf(definition)}`,
        name: 'Problems',
        value: '1',
        pattern: definition.problem?.(above) ?? definition.pattern,
      })
}

/** The pattern of a line can name no other fields. */
const FIELD = /^[A-Za-z0-9_-]+$/

/**
 * The metric of what batches add to an accumulator. Its filter is made when it is first asked for.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the pipeline has no such accumulator.
 */
export const accumulatorMetric = (
  scope: Construct,
  parts: MetricParts,
  { name, known }: { readonly name: string; readonly known: readonly string[] },
  options: MetricOptions = {},
): Metric => {
  const fit = known.filter((one) => FIELD.test(one))
  if (!fit.includes(name))
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'The pipeline has no accumulator of this name that can be a metric',
      value: name,
      allowed:
        fit.join(', ') || 'none: it has none with numbers and a name of letters, digits, _ or -',
    })
  const metricName = `Added-${name}`
  const value = `$.added.${name}`
  const definition = { role: 'driver' as const, pattern: `{ ${value} = * }`, value }
  const id = `Driver${metricName}`
  if (scope.node.tryFindChild(id) === undefined)
    createFilter(scope, parts, { ...definition, id, name: metricName })
  const { namespace } = parts
  return new Metric({
    namespace,
    metricName,
    period: Duration.minutes(1),
    statistic: Stats.SUM,
    ...options,
  })
}

const idOf = ({ role, name, form = '' }: Definition & { readonly name: string }): string =>
  `${role === 'intake' ? 'Intake' : 'Driver'}${name}${form}`

const createFilter = (
  scope: Construct,
  { namespace, logs }: MetricParts,
  { id, name, role, pattern, value }: Definition & { readonly id: string; readonly name: string },
): void => {
  new MetricFilter(scope, id, {
    logGroup: logs[role],
    filterPattern: FilterPattern.literal(pattern),
    metricNamespace: namespace,
    metricName: name,
    metricValue: value,
  })
}
