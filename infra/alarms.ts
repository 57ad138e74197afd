/** The alarms of an application, and why each rings. Kinds of sources add their own. */
import { Duration } from 'aws-cdk-lib'
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IAlarmAction,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { Construct } from 'constructs'
import { type AlarmSettings, checkAlarmNames, nameOf, type Rule, tuned } from './alarm-settings.ts'
import type { Worker } from './functions.ts'
import { createProblems, metricOf, type MetricParts } from './metrics.ts'
import type { QueuePair } from './queues.ts'

/** What the alarms of every application watch. */
export interface Watched {
  /** The namespace of the application's own metrics. */
  readonly namespace: string
  readonly lagMax: Duration
  readonly intake: Worker
  readonly driver: Worker
  readonly triggers: QueuePair
}

/** Settings of metrics that alarms look at. */
export const EACH_MINUTE: { readonly period: Duration } = { period: Duration.minutes(1) }

/** How long errors and throttling may go on: the event source tries again in the meantime. */
const PATIENCE_MINUTES = 5

/** Processes of the deployment before are turned away for a while, and that is fine. */
const SUPERSEDED_MINUTES = 10

/** Enough for two time-outs of the driver, and for the pauses between. */
const DRIVER_MINUTES = 15
const SILENT_MINUTES = 3

/** A trigger may be held back for 15 minutes, the longest batch interval, and wait for a batch. */
const TRIGGER_AGE_MAX = Duration.minutes(45)

/** Rings when a message of a queue was put aside. `id` is that of the queue. */
export const deadLettersRule = (
  id: string,
  { deadLetters }: QueuePair,
  name?: keyof AlarmSettings,
): Rule => ({
  id: `${id}DeadLettersAlarm`,
  ...(name === undefined ? {} : { name }),
  metric: deadLetters.metricApproximateNumberOfMessagesVisible({
    statistic: 'Maximum',
    ...EACH_MINUTE,
  }),
  above: 0,
  description: `Messages of the queue ${id} could not be handled`,
})

const batchRules = ({ namespace, lagMax }: Watched): readonly Rule[] => [
  {
    id: 'LagAlarm',
    metric: metricOf(namespace, 'Lag'),
    shared: 'Lag',
    above: lagMax.toMilliseconds(),
    description: 'The oldest record that no batch has taken is old: batches fail or do not run',
  },
  {
    id: 'FailedBatchesAlarm',
    metric: metricOf(namespace, 'FailedBatches'),
    shared: 'FailedBatches',
    above: 0,
    description: 'A batch failed and is tried again: see millrace status',
  },
  {
    id: 'FailedAlarm',
    metric: metricOf(namespace, 'Failed'),
    shared: 'Failed',
    above: 0,
    description:
      'The application stands still, since a batch failed too often: see millrace status',
  },
  {
    id: 'SupersededAlarm',
    metric: metricOf(namespace, 'Superseded'),
    above: 0,
    minutes: SUPERSEDED_MINUTES,
    description:
      'The driver of an older deployment is called, and turned away: deploy again, see status',
  },
  {
    id: 'DataLossesAlarm',
    metric: metricOf(namespace, 'DataLosses'),
    shared: 'DataLosses',
    above: 0,
    description:
      'Records are gone, from the blocks and from their source: see millrace help errors DATA_LOST',
  },
  {
    id: 'FallingBehindAlarm',
    metric: metricOf(namespace, 'FallingBehind'),
    shared: 'FallingBehind',
    above: 0,
    description:
      'More comes than batches can take, and what waits does not shrink: see millrace status',
  },
  {
    id: 'ClockSkewsAlarm',
    metric: metricOf(namespace, 'ClockSkews'),
    shared: 'ClockSkews',
    above: 0,
    description:
      'The clock of a watched bucket differs from that of the driver: its objects come late',
  },
  {
    id: 'DeadLettersAlarm',
    metric: metricOf(namespace, 'DeadLetters'),
    shared: 'DeadLetters',
    above: 0,
    description:
      'Functions of the pipeline threw on records, which were put aside: see millrace dead-letters',
  },
]

/** Rings when intake refuses a message. The queue tries for hours before it puts it aside. */
const refusedRule = ({ namespace }: Watched): Rule => ({
  id: 'RefusedMessagesAlarm',
  metric: metricOf(namespace, 'RefusedMessages'),
  shared: 'RefusedMessages',
  above: 0,
  description: 'Intake does not understand a message of a queue, and has not taken it: see its log',
})

const functionRules = ({ namespace, intake, driver }: Watched): readonly Rule[] => [
  {
    id: 'IntakeErrorsAlarm',
    metric: intake.function.metricErrors(EACH_MINUTE),
    above: 0,
    minutes: PATIENCE_MINUTES,
    description:
      'Intake keeps failing: records wait in their source, and are lost when its retention ends',
  },
  {
    id: 'DriverErrorsAlarm',
    metric: driver.function.metricErrors(EACH_MINUTE),
    above: 0,
    minutes: 2,
    of: DRIVER_MINUTES,
    description:
      'The driver keeps failing, but not in a batch: it has too few rights, memory or time',
  },
  {
    id: 'DriverTimeoutAlarm',
    metric: metricOf(namespace, 'DriverTimeouts'),
    shared: 'DriverTimeouts',
    above: 0,
    description: 'A batch does not fit into the time-out of the driver: nothing moves on',
  },
  {
    id: 'DriverSilentAlarm',
    metric: driver.function.metricInvocations({ statistic: 'Sum', ...EACH_MINUTE }),
    below: 1,
    minutes: SILENT_MINUTES,
    // No call is no value.
    missingCounts: true,
    description: 'Nobody has called the driver for three minutes, and its clock calls each minute',
  },
  {
    id: 'IntakeThrottlesAlarm',
    metric: intake.function.metricThrottles(EACH_MINUTE),
    above: 0,
    minutes: PATIENCE_MINUTES,
    description: 'The account has no concurrency left for intake',
  },
  {
    id: 'DriverThrottlesAlarm',
    // The driver is silent then.
    optional: true,
    metric: driver.function.metricThrottles(EACH_MINUTE),
    above: 0,
    minutes: PATIENCE_MINUTES,
    description: 'The account has no concurrency left for the driver',
  },
]

/** Rings when a message of a queue waits for long. `id` is that of the queue. */
export const oldMessageRule = (id: string, { queue }: QueuePair, oldest: Duration): Rule => ({
  id: `${id}AgeAlarm`,
  metric: queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', ...EACH_MINUTE }),
  above: oldest.toSeconds(),
  minutes: PATIENCE_MINUTES,
  description: `Messages of the queue ${id} wait for more than ${oldest.toHumanString()}`,
})

/** The rules of every application. */
export const commonRules = (watched: Watched): readonly Rule[] => [
  ...batchRules(watched),
  ...functionRules(watched),
  refusedRule(watched),
  // The driver is silent then, or fails.
  { ...oldMessageRule('Triggers', watched.triggers, TRIGGER_AGE_MAX), optional: true },
  deadLettersRule('Triggers', watched.triggers),
]

const thresholdOf = ({
  above,
  below = 0,
}: Pick<Rule, 'above' | 'below'>): Pick<AlarmProps, 'threshold' | 'comparisonOperator'> =>
  above === undefined
    ? { threshold: below, comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD }
    : { threshold: above, comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD }

/** What the alarms of an application are made with. */
export interface AlarmParts {
  readonly rules: readonly Rule[]
  readonly settings: AlarmSettings
  readonly actions: readonly IAlarmAction[]
  readonly metrics: MetricParts
}

/**
 * Creates an alarm for each rule, and one for all that share it.
 *
 * @throws MillraceError `ARGUMENT_INVALID` for a setting of an alarm that there is not, and for one
 * that CloudWatch refuses.
 */
export const createAlarms = (
  scope: Construct,
  { rules, settings, actions, metrics }: AlarmParts,
): readonly Alarm[] => {
  checkAlarmNames(Object.keys(settings), ['problems', ...new Set(rules.map(nameOf))])
  const isSet = (rule: Rule): boolean => settings[nameOf(rule)] !== undefined
  const shared = rules.filter((rule) => rule.shared !== undefined && !isSet(rule))
  const own = rules.filter((rule) => isSet(rule) || !(rule.shared ?? rule.optional ?? false))
  if (shared.length > 0 && settings.problems !== false) {
    createProblems(scope, metrics, shared)
    own.unshift(problemsRule(metrics.namespace))
  }
  return own.flatMap((rule) => {
    const tuning = settings[nameOf(rule)] ?? {}
    return tuning === false
      ? []
      : [createAlarm(scope, tuned(rule, tuning), tuning.actions ?? actions)]
  })
}

const problemsRule = (namespace: string): Rule => ({
  id: 'ProblemsAlarm',
  metric: metricOf(namespace, 'Problems'),
  above: 0,
  description:
    'A batch failed or is late, records were put aside or lost, or the driver ran out of time: ' +
    'see millrace status',
})

const createAlarm = (
  scope: Construct,
  { id, metric, description, minutes = 1, of = minutes, ...rule }: Rule,
  actions: readonly IAlarmAction[],
): Alarm => {
  const alarm = new Alarm(scope, id, {
    metric,
    ...thresholdOf(rule),
    evaluationPeriods: of,
    datapointsToAlarm: minutes,
    treatMissingData:
      rule.missingCounts === true ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    alarmDescription: description,
  })
  alarm.addAlarmAction(...actions)
  return alarm
}
