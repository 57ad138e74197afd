/** Streams of Kinesis as sources. */
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import { TEXT } from '../../lib/dstream/sources/declaration.ts'
import { KINESIS_RECORDS } from '../../lib/dstream/sources/kinesis.ts'
import type { KeyUse, KindParts } from '../deployed-kind.ts'
import type { Worker } from '../functions.ts'
import type { Grant, KindGrants } from '../grants.ts'
import {
  discardGrants,
  keyOfDiscards,
  mapShards,
  obtainDiscards,
  reachOfDiscards,
  shardRules,
} from '../shard-mappings.ts'
import { type AnyStream, createStream, streamType } from '../stream-type.ts'
import {
  type Connection,
  type DeployedSources,
  registerSourceKind,
  type SourceNeed,
} from './source-kind.ts'

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
  discards: discardGrants,
} satisfies KindGrants

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

const connect = (
  parts: KindParts,
  streams: readonly ReadStream[],
  intake: Worker,
  discards: Bucket,
): Connection => {
  const mappings = streams.map(({ name, stream: { streamArn } }) =>
    mapShards(parts, { id: `Mapping-${name}`, streamArn }, intake, discards),
  )
  return { mappings, alarms: shardRules(mappings, intake, parts.lagMax) }
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
  const discards = obtainDiscards(parts.scope, parts.storage)
  return {
    locations: Object.fromEntries(
      streams.flatMap(({ stream: { streamArn }, sources }) =>
        sources.map((id) => [id, { kind: 'kinesis', streamArn }]),
      ),
    ),
    reaches: [
      ...streams.map(({ stream }) => ({ grants: grants.streams, arnOf: () => stream.streamArn })),
      reachOfDiscards(discards),
    ],
    keys: [...streams.flatMap(keysOf), keyOfDiscards(discards)],
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
