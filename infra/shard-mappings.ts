/**
 * Mappings that hand out the shards of a stream to intake: of Kinesis, and of a table. Lambda's own
 * defaults would lose records, so none is left to it.
 */
import { Duration } from 'aws-cdk-lib'
import { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import type { Rule } from './alarm-settings.ts'
import { EACH_MINUTE } from './alarms.ts'
import { arnInBucket, createBucket } from './buckets.ts'
import type { KeyUse, KindParts, Reach } from './deployed-kind.ts'
import { settleMapping, windowSeconds } from './event-sources.ts'
import type { Worker } from './functions.ts'
import type { RoleGrants } from './grants.ts'
import type { StorageSettings } from './storage-settings.ts'

declare module './alarm-settings.ts' {
  interface AlarmSettings {
    readonly intakeBehind?: AlarmTuning
    /** Of each stream: Lambda has given up records. */
    readonly discards?: AlarmTuning
    /** Of each stream: Lambda has given up records, and could store them nowhere. */
    readonly drops?: AlarmTuning
  }
}

declare module './deployed-kind.ts' {
  interface SharedResources {
    /** Records that Lambda could not hand over. */
    readonly discards: Bucket
  }
}

/** What intake may do with the bucket for records that Lambda gives up. */
export const discardGrants: RoleGrants = {
  intake: [{ by: 'service', actions: ['s3:PutObject', 's3:ListBucket'] }],
}

/** Long enough for somebody to look at them. */
const DISCARDS_KEPT = Duration.days(90)
const DISCARDS = 'Discards'

/** The bucket for records that Lambda gives up, which it should never do. All streams share it. */
export const obtainDiscards = (scope: Construct, storage: StorageSettings): Bucket => {
  const known = scope.node.tryFindChild(DISCARDS)
  if (known instanceof Bucket) return known
  return createBucket(scope, DISCARDS, storage, {
    lifecycleRules: [{ id: 'expire', expiration: DISCARDS_KEPT }],
  })
}

/** The rights that the bucket needs. */
export const reachOfDiscards = (discards: Bucket): Reach => ({
  grants: discardGrants,
  arnOf: arnInBucket(discards, ''),
})

/** The key of the bucket. */
export const keyOfDiscards = ({ encryptionKey: key }: Bucket): KeyUse => ({
  key,
  role: 'intake',
  use: 'encrypt',
})

/** A stream that is mapped. */
export interface MappedStream {
  /** The id of the mapping. */
  readonly id: string
  readonly streamArn: string
  /** Patterns of the records that Lambda hands out. Left out: all. */
  readonly patterns?: readonly object[]
}

/** Lets a stream call intake. */
export const mapShards = (
  { scope, intervalMs }: KindParts,
  { id, streamArn, patterns }: MappedStream,
  intake: Worker,
  discards: Bucket,
): CfnEventSourceMapping => {
  const mapping = new CfnEventSourceMapping(scope, id, {
    functionName: intake.function.functionName,
    eventSourceArn: streamArn,
    batchSize: 10_000,
    maximumBatchingWindowInSeconds: windowSeconds(intervalMs),
    // One feeder for each lane. With more, records of a shard are dropped as redelivered (B1).
    parallelizationFactor: 1,
    // Lambda must retry for ever: what it gives up is lost. Intake puts bad records aside (B9).
    maximumRetryAttempts: -1,
    maximumRecordAgeInSeconds: -1,
    bisectBatchOnFunctionError: false,
    // Never LATEST: it misses records that are put while the mapping is made. And no time: it
    // cannot be changed later. Intake leaves out what a source does not want.
    startingPosition: 'TRIM_HORIZON',
    destinationConfig: { onFailure: { destination: discards.bucketArn } },
    metricsConfig: { metrics: ['EventCount'] },
    ...(patterns === undefined
      ? {}
      : {
          filterCriteria: {
            filters: patterns.map((pattern) => ({ pattern: JSON.stringify(pattern) })),
          },
        }),
  })
  return settleMapping(mapping, intake, streamArn)
}

const mappingMetric = (metricName: string, mapping: CfnEventSourceMapping): Metric =>
  new Metric({
    namespace: 'AWS/Lambda',
    metricName,
    dimensionsMap: { EventSourceMappingUUID: mapping.attrId },
    statistic: 'Sum',
    ...EACH_MINUTE,
  })

/** Two alarms, and not one on the sum: some emulators know no metric math. */
const discardRules = (mapping: CfnEventSourceMapping): readonly Rule[] => [
  {
    id: `${mapping.node.id}DiscardAlarm`,
    name: 'discards',
    metric: mappingMetric('OnFailureDestinationDeliveredEventCount', mapping),
    above: 0,
    description: 'Lambda has given up records of a stream: they are in the bucket for discards',
  },
  {
    id: `${mapping.node.id}DropAlarm`,
    name: 'drops',
    metric: mappingMetric('DroppedEventCount', mapping),
    above: 0,
    description: 'Lambda has given up records of a stream and could store them nowhere',
  },
]

const behindRule = ({ function: worker }: Worker, lagMax: Duration): Rule => ({
  id: 'IntakeBehindAlarm',
  metric: worker.metric('IteratorAge', { statistic: 'Maximum', ...EACH_MINUTE }),
  above: lagMax.toMilliseconds(),
  description:
    'Intake is so far behind a stream that records may be lost when their retention ends',
})

/** The alarms of mappings. That intake is behind is one alarm for all streams. */
export const shardRules = (
  mappings: readonly CfnEventSourceMapping[],
  intake: Worker,
  lagMax: Duration,
): readonly Rule[] => [behindRule(intake, lagMax), ...mappings.flatMap(discardRules)]
