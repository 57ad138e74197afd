/** Streams of Kinesis as sources. */
import { Duration } from 'aws-cdk-lib'
import { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { TEXT } from '../../lib/dstream/sources/declaration.ts'
import { KINESIS_RECORDS } from '../../lib/dstream/sources/kinesis.ts'
import type { Rule } from '../alarm-settings.ts'
import { EACH_MINUTE } from '../alarms.ts'
import { arnInBucket, createBucket } from '../buckets.ts'
import type { KeyUse, KindParts } from '../deployed-kind.ts'
import { settleMapping, windowSeconds } from '../event-sources.ts'
import type { Worker } from '../functions.ts'
import type { Grant, KindGrants } from '../grants.ts'
import type { StorageSettings } from '../storage-settings.ts'
import { type AnyStream, createStream, streamType } from '../stream-type.ts'
import {
  type Connection,
  type DeployedSources,
  registerSourceKind,
  type SourceNeed,
} from './source-kind.ts'

declare module '../alarm-settings.ts' {
  interface AlarmSettings {
    readonly intakeBehind?: AlarmTuning
    /** Of each stream: Lambda has given up records. */
    readonly discards?: AlarmTuning
    /** Of each stream: Lambda has given up records, and could store them nowhere. */
    readonly drops?: AlarmTuning
  }
}

declare module '../deployed-kind.ts' {
  interface SharedResources {
    discards: Bucket
  }
}

/** A block that was lost is computed again from its shard. */
const REPLAY: Grant = {
  by: 'code',
  actions: ['kinesis:DescribeStreamSummary', 'kinesis:GetRecords', 'kinesis:GetShardIterator'],
}

const grants = {
  streams: {
    intake: [
      {
        by: 'service',
        actions: [
          'kinesis:DescribeStream',
          'kinesis:DescribeStreamSummary',
          'kinesis:GetRecords',
          'kinesis:GetShardIterator',
          'kinesis:ListShards',
        ],
      },
      // Intake asks once for each stream when it was created, and for each new shard its parents.
      { by: 'code', actions: ['kinesis:DescribeStreamSummary', 'kinesis:ListShards'] },
    ],
    driver: [REPLAY],
    executor: [REPLAY],
  },
  discards: { intake: [{ by: 'service', actions: ['s3:PutObject', 's3:ListBucket'] }] },
} satisfies KindGrants

/** Long enough for somebody to look at them. */
const DISCARDS_KEPT = Duration.days(90)

/** Creates the bucket for records that Lambda gives up, which it should never do. */
const createDiscards = (scope: Construct, storage: StorageSettings): Bucket =>
  createBucket(scope, 'Discards', storage, {
    lifecycleRules: [{ id: 'expire', expiration: DISCARDS_KEPT }],
  })

/** A stream, and what its sources ask of it. */
interface ReadStream {
  readonly stream: AnyStream
  /** The name of its first source. */
  readonly name: string
  /** The ids of its sources. */
  readonly sources: readonly string[]
}

/** Lambda has one mapping for each stream and function, so the sources of a stream share it. */
const findStreams = (
  needs: readonly SourceNeed[],
  { scope, pool, storage }: KindParts,
): readonly ReadStream[] => {
  const reads = needs.map(({ name, source: { id } }) => ({
    stream: pool.obtain(streamType, name, () => createStream(scope, `Stream-${name}`, storage)),
    name,
    id,
  }))
  const groups = [...Map.groupBy(reads, ({ stream }) => stream.streamArn).values()]
  return groups.flatMap((readers) => {
    const sources = readers.map(({ id }) => id)
    return readers.slice(0, 1).map(({ stream, name }) => ({ stream, name, sources }))
  })
}

/** Lets a stream call intake. Lambda's own defaults would lose records, so none is left to it. */
const mapStream = (
  { scope, intervalMs }: KindParts,
  { name, stream }: ReadStream,
  intake: Worker,
  discards: Bucket,
): CfnEventSourceMapping => {
  const mapping = new CfnEventSourceMapping(scope, `Mapping-${name}`, {
    functionName: intake.function.functionName,
    eventSourceArn: stream.streamArn,
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
  })
  return settleMapping(mapping, intake, stream.streamArn)
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

const connect = (
  parts: KindParts,
  streams: readonly ReadStream[],
  intake: Worker,
  discards: Bucket,
): Connection => {
  const mappings = streams.map((read) => mapStream(parts, read, intake, discards))
  return {
    mappings,
    alarms: [behindRule(intake, parts.lagMax), ...mappings.flatMap(discardRules)],
  }
}

const putCommand = (streamName: string): string =>
  [
    `aws kinesis put-record --stream-name ${streamName} --partition-key 1`,
    "--cli-binary-format raw-in-base64-out --data '/home'",
  ].join(' ')

const keysOf = ({ stream: { encryptionKey: key } }: ReadStream): readonly KeyUse[] => [
  { key, role: 'intake', use: 'decrypt' },
  { key, role: 'driver', use: 'decrypt' },
  { key, role: 'executor', use: 'decrypt' },
]

const deploy = (needs: readonly SourceNeed[], parts: KindParts): DeployedSources => {
  const streams = findStreams(needs, parts)
  const discards = createDiscards(parts.scope, parts.storage)
  return {
    locations: Object.fromEntries(
      streams.flatMap(({ stream: { streamArn }, sources }) =>
        sources.map((id) => [id, { kind: 'kinesis', streamArn }]),
      ),
    ),
    reaches: [
      ...streams.map(({ stream }) => ({ grants: grants.streams, arnOf: () => stream.streamArn })),
      { grants: grants.discards, arnOf: arnInBucket(discards, '') },
    ],
    keys: [
      ...streams.flatMap(keysOf),
      { key: discards.encryptionKey, role: 'intake', use: 'encrypt' },
    ],
    commands: streams.map(({ name, stream: { streamName } }) => ({
      id: `Put-${name}`,
      value: putCommand(streamName),
      description: `Puts a record: ${name}`,
    })),
    shared: { discards },
    connect: (intake) => connect(parts, streams, intake, discards),
  }
}

registerSourceKind({
  name: 'kinesis',
  type: streamType,
  gives: [TEXT, KINESIS_RECORDS],
  declaredKind: 'kinesis',
  grants,
  packages: ['@aws-sdk/client-kinesis'],
  deploy,
})
