/**
 * Reads the shards of a stream with the credentials of this process. Its client repeats no call: a
 * shard gives five reads a second to all its readers together, so the caller must know of each.
 */
import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis'
import { MillraceError } from '../../base/errors.ts'
import type {
  ListedShard,
  Refused,
  ShardPage,
  ShardReader,
  ShardStart,
  StreamDescription,
} from '../../ports/shard-reader.ts'
import { errorName, isThrottled } from './aws-errors.ts'
import { http2ClientSettings, once } from './clients.ts'
import { streamError, streamRecordOf } from './kinesis-records.ts'

/** The stream of {@link kinesisShardReader}. */
export interface KinesisShardReaderOptions {
  /** Its name or its ARN. */
  readonly stream: string
  /** It must not repeat calls. Default: a client of its own. */
  readonly client?: Pick<KinesisClient, 'send'>
}

type Client = Pick<KinesisClient, 'send'>

const shardClient = once(
  () => new KinesisClient({ ...http2ClientSettings('KINESIS'), maxAttempts: 1 }),
)

/** A stream of another account is named by its ARN, in each call. */
const arnIn = (stream: string): { readonly StreamARN?: string } =>
  stream.startsWith('arn:') ? { StreamARN: stream } : {}

const named = (stream: string): { readonly StreamARN?: string; readonly StreamName?: string } =>
  stream.startsWith('arn:') ? { StreamARN: stream } : { StreamName: stream }

const HOUR_MS = 3_600_000
const RETENTION_HOURS_MAX = 365 * 24

const describe = async (client: Client, stream: string): Promise<StreamDescription> => {
  const action = 'kinesis:DescribeStreamSummary'
  const answer = await client
    .send(new DescribeStreamSummaryCommand(named(stream)))
    .catch((error: unknown) => {
      throw errorName(error) === 'ResourceNotFoundException'
        ? missing(stream, error)
        : streamError(error, action, stream)
    })
  const summary = answer.StreamDescriptionSummary
  if (summary?.StreamStatus === 'CREATING' || summary?.StreamARN === undefined)
    throw new MillraceError('STREAM_UNREADABLE', {
      problem: 'The stream is still being created',
      value: stream,
      fix: 'nothing: it is read when it is there',
      retryable: true,
    })
  return {
    streamArn: summary.StreamARN,
    createdMs: summary.StreamCreationTimestamp?.getTime() ?? 0,
    retentionMs: (summary.RetentionPeriodHours ?? RETENTION_HOURS_MAX) * HOUR_MS,
  }
}

const missing = (stream: string, cause: unknown): MillraceError =>
  new MillraceError('STREAM_UNREADABLE', {
    problem: 'There is no stream of this name in this account and region',
    value: stream,
    fix:
      'check the name, and set AWS_REGION=... and AWS_PROFILE=... if the stream is elsewhere; ' +
      'or create it: aws kinesis create-stream --stream-name ' +
      stream,
    cause,
  })

const listShards = async (client: Client, stream: string): Promise<readonly ListedShard[]> => {
  const found: ListedShard[] = []
  for (let token: string | undefined | null, isFirst = true; isFirst || token; isFirst = false) {
    const { Shards = [], NextToken } = await client
      .send(
        new ListShardsCommand(
          isFirst ? named(stream) : { ...arnIn(stream), NextToken: token as string },
        ),
      )
      .catch((error: unknown) => {
        throw streamError(error, 'kinesis:ListShards', stream)
      })
    for (const { ShardId = '', SequenceNumberRange, ...shard } of Shards) {
      const end = SequenceNumberRange?.EndingSequenceNumber
      const parents = [shard.ParentShardId, shard.AdjacentParentShardId]
      found.push({
        shardId: ShardId,
        parents: parents.filter((id) => id !== undefined && id !== null),
        isClosed: end !== undefined && end !== null,
      })
    }
    token = NextToken
  }
  return found
}

const startOf = (start: ShardStart): Pick<GetShardIteratorCommandInput, 'ShardIteratorType'> => {
  if (start === 'oldest') return { ShardIteratorType: 'TRIM_HORIZON' }
  if (start === 'latest') return { ShardIteratorType: 'LATEST' }
  const given =
    'atMs' in start
      ? { ShardIteratorType: 'AT_TIMESTAMP' as const, Timestamp: new Date(start.atMs) }
      : {
          ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const,
          StartingSequenceNumber: start.afterNumber,
        }
  return given
}

/** What the caller can do something about. Everything else is an error. */
const refusedOf = (error: unknown): Refused | undefined => {
  const name = errorName(error)
  if (isThrottled(error) || name === 'LimitExceededException') return { refused: 'throttled' }
  if (name === 'ExpiredIteratorException') return { refused: 'expired' }
  if (name === 'InvalidArgumentException') return { refused: 'unknown' }
  return name === 'ResourceNotFoundException' ? { refused: 'gone' } : undefined
}

/**
 * A {@link ShardReader} of Kinesis.
 *
 * @example
 * ```ts
 * const reader = kinesisShardReader({ stream: 'clicks' })
 * const shards = await reader.shards()
 * ```
 */
export const kinesisShardReader = ({
  stream,
  client = shardClient(),
}: KinesisShardReaderOptions): ShardReader => {
  const asking = async <T>(action: string, call: () => Promise<T>): Promise<T | Refused> => {
    try {
      return await call()
    } catch (error) {
      const refused = refusedOf(error)
      if (refused !== undefined) return refused
      throw streamError(error, action, stream)
    }
  }
  const iterator = (ShardId: string, start: ShardStart): Promise<string | Refused> =>
    asking('kinesis:GetShardIterator', async () => {
      const request = { ...named(stream), ShardId, ...startOf(start) }
      const { ShardIterator = '' } = await client.send(new GetShardIteratorCommand(request))
      return ShardIterator
    })
  return {
    describe: () => describe(client, stream),
    shards: () => listShards(client, stream),
    async iterator(shardId, start): Promise<string | Refused> {
      const found = await iterator(shardId, start)
      const isFuture = typeof start === 'object' && 'atMs' in start && typeof found !== 'string'
      // Kinesis takes no time that is later than its own. There is nothing yet that is as late.
      return isFuture && found.refused === 'unknown' ? iterator(shardId, 'latest') : found
    },
    read: (given) =>
      asking('kinesis:GetRecords', async (): Promise<ShardPage> => {
        const answer = await client.send(
          new GetRecordsCommand({ ...arnIn(stream), ShardIterator: given }),
        )
        const records = (answer.Records ?? []).map(streamRecordOf)
        return {
          records,
          bytes: records.reduce((total, { data }) => total + data.byteLength, 0),
          next: answer.NextShardIterator ?? undefined,
          // Some emulators do not say it.
          behindMs: answer.MillisBehindLatest ?? (records.length === 0 ? 0 : 1),
        }
      }),
  }
}
