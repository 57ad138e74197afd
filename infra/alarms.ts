/** The alarms of an application, and why each rings. Kinds of sources add their own. */
import { Duration } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { Construct } from 'constructs'
import type { Worker } from './functions.ts'
import { metricOf } from './metrics.ts'
import type { QueuePair } from './queues.ts'

/** When an alarm rings. */
export interface Rule {
  /** The id of the alarm in its scope. */
  readonly id: string
  readonly metric: IMetric
  /** The alarm rings above this. */
  readonly above: number
  readonly description: string
  /** How many minutes in a row the metric must be above it. Default: one. */
  readonly minutes?: number
}

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

/** Rings when a message of a queue was put aside. `id` is that of the queue. */
export const deadLettersRule = (id: string, { deadLetters }: QueuePair): Rule => ({
  id: `${id}DeadLettersAlarm`,
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
    above: lagMax.toMilliseconds(),
    description: 'The oldest record that no batch has taken is old: batches fail or do not run',
  },
  {
    id: 'FailedAlarm',
    metric: metricOf(namespace, 'Failed'),
    above: 0,
    description:
      'The application stands still, since a batch failed too often: see millrace status',
  },
  {
    id: 'DataLossesAlarm',
    metric: metricOf(namespace, 'DataLosses'),
    above: 0,
    description:
      'Records are gone, from the blocks and from their source: see DATA_LOST in docs/errors.md',
  },
  {
    id: 'DeadLettersAlarm',
    metric: metricOf(namespace, 'DeadLetters'),
    above: 0,
    description:
      'Functions of the pipeline threw on records, which were put aside: see millrace dead-letters',
  },
]

const functionRules = ({ intake, driver }: Watched): readonly Rule[] => [
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
    minutes: PATIENCE_MINUTES,
    description:
      'The driver keeps failing, but not in a batch: it has too few rights, memory or time',
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
    metric: driver.function.metricThrottles(EACH_MINUTE),
    above: 0,
    minutes: PATIENCE_MINUTES,
    description: 'The account has no concurrency left for the driver',
  },
]

/** The rules of every application. */
export const commonRules = (watched: Watched): readonly Rule[] => [
  ...batchRules(watched),
  ...functionRules(watched),
  deadLettersRule('Triggers', watched.triggers),
]

/** Creates an alarm for each rule. */
export const createAlarms = (
  scope: Construct,
  rules: readonly Rule[],
  actions: readonly IAlarmAction[],
): readonly Alarm[] =>
  rules.map(({ id, metric, above, description, minutes = 1 }) => {
    const alarm = new Alarm(scope, id, {
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: minutes,
      datapointsToAlarm: minutes,
      // An application at rest reports nothing, and that is fine.
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: description,
    })
    alarm.addAlarmAction(...actions)
    return alarm
  })
