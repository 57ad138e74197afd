/** What rings at night, and why. */
import { Duration } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type IMetric,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { Worker } from './functions.ts'
import { metricOf } from './metrics.ts'
import type { QueuePair } from './queues.ts'

/** What there is to watch. */
export interface Watched {
  readonly namespace: string
  readonly lagMax: Duration
  readonly intake: Worker
  readonly driver: Worker
  /** By construct id. */
  readonly queues: Readonly<Record<string, QueuePair>>
  readonly streams: readonly CfnEventSourceMapping[]
}

interface Rule {
  readonly id: string
  readonly metric: IMetric
  /** Rings above this. */
  readonly above: number
  readonly description: string
  /** How many minutes of five have to be over it. */
  readonly minutes?: number
}

const MINUTE = { period: Duration.minutes(1) }

const mappingMetric = (metricName: string, mapping: CfnEventSourceMapping): Metric =>
  new Metric({
    namespace: 'AWS/Lambda',
    metricName,
    dimensionsMap: { EventSourceMappingUUID: mapping.attrId },
    statistic: 'Sum',
    ...MINUTE,
  })

/** Two alarms instead of one over their sum: metric math is more than an alarm at zero needs, and more than emulators know. */
const discardRules = (mapping: CfnEventSourceMapping): readonly Rule[] => [
  {
    id: `${mapping.node.id}DiscardAlarm`,
    metric: mappingMetric('OnFailureDestinationDeliveredEventCount', mapping),
    above: 0,
    description: 'Lambda has given up records of a stream: they are in the bucket for discards',
  },
  {
    id: `${mapping.node.id}DropAlarm`,
    metric: mappingMetric('DroppedEventCount', mapping),
    above: 0,
    description: 'Lambda has given up records of a stream and could keep them nowhere',
  },
]

const streamRules = ({ streams, intake, lagMax }: Watched): readonly Rule[] =>
  streams.length === 0
    ? []
    : [
        {
          id: 'IntakeBehindAlarm',
          metric: intake.function.metric('IteratorAge', { statistic: 'Maximum', ...MINUTE }),
          above: lagMax.toMilliseconds(),
          description:
            'Intake has not taken in the records of a stream for so long that they may be lost when their retention ends',
        },
        ...streams.flatMap(discardRules),
      ]

const rulesOf = (watched: Watched): readonly Rule[] => {
  const { namespace, lagMax, intake, driver, queues } = watched
  return [
    {
      id: 'LagAlarm',
      metric: metricOf(namespace, 'Lag'),
      above: lagMax.toMilliseconds(),
      description:
        'The oldest record that no batch has taken is old: see why batches fail or why the driver does not run',
    },
    {
      id: 'FailedAlarm',
      metric: metricOf(namespace, 'Failed'),
      above: 0,
      description:
        'A batch has failed for so long that the application stands still: millrace status says why, then resume or skip',
    },
    {
      id: 'DataLossesAlarm',
      metric: metricOf(namespace, 'DataLosses'),
      above: 0,
      description:
        'Records that were taken in are gone, from the blocks and from their stream: see DATA_LOST in docs/errors.md',
    },
    {
      id: 'DeadLettersAlarm',
      metric: metricOf(namespace, 'DeadLetters'),
      above: 0,
      description:
        'Records have been put aside, since a function of the pipeline threw on them: see millrace dead-letters',
    },
    {
      id: 'IntakeErrorsAlarm',
      metric: intake.function.metricErrors(MINUTE),
      above: 0,
      minutes: 5,
      description:
        'Intake fails again and again: records wait in their source, and are lost when its retention ends',
    },
    {
      id: 'DriverErrorsAlarm',
      metric: driver.function.metricErrors(MINUTE),
      above: 0,
      minutes: 5,
      description:
        'The driver ends with errors that are no failed batches: missing rights, no memory, no time',
    },
    {
      id: 'IntakeThrottlesAlarm',
      metric: intake.function.metricThrottles(MINUTE),
      above: 0,
      minutes: 5,
      description: 'The account has no concurrency left for intake',
    },
    {
      id: 'DriverThrottlesAlarm',
      metric: driver.function.metricThrottles(MINUTE),
      above: 0,
      minutes: 5,
      description: 'The account has no concurrency left for the driver',
    },
    ...Object.entries(queues).map(([id, { deadLetters }]) => ({
      id: `${id}DeadLettersAlarm`,
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({
        statistic: 'Maximum',
        ...MINUTE,
      }),
      above: 0,
      description: `Messages of the queue ${id} could not be handled`,
    })),
    ...streamRules(watched),
  ]
}

/** The alarms of an application, in a fixed order. */
export const createAlarms = (
  scope: Construct,
  watched: Watched,
  actions: readonly IAlarmAction[],
): readonly Alarm[] =>
  rulesOf(watched).map(({ id, metric, above, description, minutes = 1 }) => {
    const alarm = new Alarm(scope, id, {
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: minutes,
      datapointsToAlarm: minutes,
      // An application at rest says nothing, and that is right.
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: description,
    })
    alarm.addAlarmAction(...actions)
    return alarm
  })
