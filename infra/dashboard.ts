/**
 * A dashboard of CloudWatch for an application: what comes in and how fast it is processed, what
 * goes wrong, and what the services under it report. It uses metrics that are there anyway. What
 * would need further metrics is asked of the logs when somebody looks.
 */
import { Duration } from 'aws-cdk-lib'
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  MathExpression,
  Metric,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { Construct } from 'constructs'
import type { Rule } from './alarm-settings.ts'
import { EACH_MINUTE } from './alarms.ts'
import type { Worker } from './functions.ts'
import { type MetricName, metricOf } from './metrics.ts'
import type { QueuePair } from './queues.ts'
import type { AnyTable } from './resources.ts'
import type { Workers } from './rights.ts'

/** What a dashboard is made of. */
export interface DashboardParts {
  readonly namespace: string
  readonly appName: string
  readonly intervalMs: number
  readonly lagMax: Duration
  readonly functions: Workers
  readonly table: AnyTable
  readonly triggers: QueuePair
  /** The ids of the sources. */
  readonly sources: readonly string[]
  /** The rules of their alarms: they know by which metrics AWS says how far behind a source is. */
  readonly ofSources: readonly Rule[]
  /** Whether invocations log their price. */
  readonly isMetered: boolean
}

/** Three in a row. */
const SIZE = { width: 8, height: 6 } as const

const COUNTED: readonly MetricName[] = [
  'FailedBatches',
  'Failed',
  'DeadLetters',
  'DataLosses',
  'FallingBehind',
  'ClockSkews',
  'RefusedMessages',
  'DriverTimeouts',
  'Superseded',
]

/** Creates the dashboard. */
export const createDashboard = (scope: Construct, parts: DashboardParts): Dashboard =>
  new Dashboard(scope, 'Dashboard', {
    defaultInterval: Duration.hours(3),
    widgets: [
      [headOf(parts)],
      flowOf(parts),
      troubleOf(parts),
      functionsOf(parts),
      storesOf(parts),
    ],
  })

const headOf = ({ appName }: DashboardParts): IWidget =>
  new TextWidget({
    width: 24,
    height: 2,
    markdown:
      `# ${appName}\n\`npx millrace status --app ${appName}\` says more, ` +
      `\`npx millrace ui --app ${appName}\` shows batches one by one.`,
  })

/** What comes in, and how long it waits. */
const flowOf = ({ namespace, intervalMs, lagMax }: DashboardParts): IWidget[] => [
  graph('Records and batches a minute', {
    left: [metricOf(namespace, 'Records')],
    right: [metricOf(namespace, 'Batches')],
  }),
  graph('Processing time against the interval, ms', {
    left: [
      metricOf(namespace, 'ProcessingTime', { label: 'longest' }),
      metricOf(namespace, 'ProcessingTime', { statistic: Stats.AVERAGE, label: 'average' }),
    ],
    leftAnnotations: [{ value: intervalMs, label: 'batch interval' }],
  }),
  graph('Lag: age of the oldest record that no batch has taken, ms', {
    left: [metricOf(namespace, 'Lag')],
    leftAnnotations: [{ value: lagMax.toMilliseconds(), label: 'alarm' }],
  }),
]

/** What waits where, and what goes wrong. */
const troubleOf = (parts: DashboardParts): IWidget[] => {
  const { namespace, ofSources, sources, functions } = parts
  const behind = ofSources
    .filter(({ above = 0 }) => above > 0)
    .map(({ metric, id }) => labelled(metric, id.replace(/Alarm$/, '')))
  return [
    graph('Problems a minute', { left: COUNTED.map((name) => metricOf(namespace, name)) }),
    query(
      'Delays of batches and lag of sources, ms',
      [functions.driver],
      [
        `filter event in ["batchStarted", "lag"]`,
        `stats max(delayMs) as delay, ${lagsOf(sources)} by bin(1m)`,
      ],
    ),
    behind.length === 0
      ? graph('Dead letters of the triggers', { left: [deadLettersIn(parts.triggers)] })
      : graph('Before intake: age, ms of streams and s of queues', { left: behind }),
  ]
}

/** With one source, the lag of the application is its lag. */
const lagsOf = (sources: readonly string[]): string =>
  sources.length <= 1
    ? 'max(lagMs) as lag'
    : sources.map((id) => `max(\`sources.${id}\`) as \`${id}\``).join(', ')

const functionsOf = ({ functions, isMetered }: DashboardParts): IWidget[] => {
  const { intake, driver, executors } = functions
  const each = (of: (worker: Worker['function']) => Metric, statistic: string): IMetric[] => [
    ...[intake, driver].map((worker, index) =>
      of(worker.function).with({ statistic, label: index === 0 ? 'intake' : 'driver' }),
    ),
    ...ofExecutors(
      executors.map((worker) => of(worker.function).with({ statistic })),
      statistic,
    ),
  ]
  const failures = [
    ...each((worker) => worker.metricErrors(EACH_MINUTE), Stats.SUM),
    ...each((worker) => worker.metricThrottles(EACH_MINUTE), Stats.SUM).map((metric) =>
      labelled(metric, `${labelOf(metric)} throttled`),
    ),
  ]
  return [
    graph('Errors and throttles of functions', { left: failures }),
    graph('Duration of functions, ms', {
      left: each((worker) => worker.metricDuration(EACH_MINUTE), Stats.MAXIMUM),
    }),
    isMetered
      ? query(
          'Cost of the functions and their requests, $ an hour',
          [intake, driver],
          ['filter event = "usage"', 'stats sum(dollars) by bin(1h)'],
        )
      : graph('Invocations of functions', {
          left: each((worker) => worker.metricInvocations(EACH_MINUTE), Stats.SUM),
        }),
  ]
}

/** One line for all executors. */
const ofExecutors = (metrics: readonly Metric[], statistic: string): readonly IMetric[] => {
  if (metrics.length === 0) return []
  const name = statistic === Stats.SUM ? 'SUM' : 'MAX'
  // An id is that of one metric in a graph, and begins with a small letter.
  const usingMetrics = Object.fromEntries(
    metrics.map((metric, index) => [`${metric.metricName.toLowerCase()}${index}`, metric]),
  )
  const expression = `${name}([${Object.keys(usingMetrics).join(', ')}])`
  return [new MathExpression({ expression, usingMetrics, label: 'executors', ...EACH_MINUTE })]
}

/** What the services under it report. */
const storesOf = ({ table, triggers }: DashboardParts): IWidget[] => {
  const ofTable = (name: string): Metric =>
    new Metric({
      namespace: 'AWS/DynamoDB',
      metricName: name,
      dimensionsMap: { TableName: table.tableName },
      statistic: Stats.SUM,
      ...EACH_MINUTE,
    })
  return [
    graph('Throttled requests of the table', {
      left: [ofTable('ReadThrottleEvents'), ofTable('WriteThrottleEvents')],
    }),
    graph('Units of the table a minute', {
      left: [ofTable('ConsumedReadCapacityUnits'), ofTable('ConsumedWriteCapacityUnits')],
    }),
    graph('Triggers: age in s, and those put aside', {
      left: [triggers.queue.metricApproximateAgeOfOldestMessage(EACH_MINUTE)],
      right: [deadLettersIn(triggers)],
    }),
  ]
}

const deadLettersIn = ({ deadLetters }: QueuePair): IMetric =>
  deadLetters.metricApproximateNumberOfMessagesVisible({ ...EACH_MINUTE, label: 'put aside' })

type Lines = Pick<
  ConstructorParameters<typeof GraphWidget>[0],
  'left' | 'right' | 'leftAnnotations'
>

const graph = (title: string, lines: Lines): IWidget =>
  new GraphWidget({ ...SIZE, ...lines, title, leftYAxis: { min: 0 }, rightYAxis: { min: 0 } })

const query = (title: string, workers: readonly Worker[], queryLines: readonly string[]): IWidget =>
  new LogQueryWidget({
    ...SIZE,
    title,
    logGroupNames: workers.map(({ logGroup }) => logGroup.logGroupName),
    queryLines: [...queryLines],
    view: LogQueryVisualizationType.LINE,
  })

/** The metrics of alarms are made for them: a dashboard shows the same under a name. */
const labelled = (metric: IMetric, label: string): IMetric =>
  metric instanceof Metric || metric instanceof MathExpression ? metric.with({ label }) : metric

const labelOf = (metric: IMetric): string =>
  metric instanceof Metric || metric instanceof MathExpression ? (metric.label ?? '') : ''
