/**
 * Reads a range of a shard again. The range begins at the sequence number of its first record. If
 * this number is too old for the stream, or belongs to another shard, the records found after it
 * are not the ones asked for. The caller notices by count and checksum that records are lost.
 */
import {
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  type Shard,
} from '@aws-sdk/client-kinesis'
import type {
  ShardAddress,
  ShardRange,
  StreamReader,
  StreamRecord,
} from '../../ports/stream-reader.ts'
import { errorName } from './aws-errors.ts'
import { kinesisClient } from './kinesis-client.ts'
import { streamError, streamRecordOf } from './kinesis-records.ts'

/** Settings of {@link kinesisStreamReader}. */
export interface KinesisStreamReaderOptions {
  /** Default: the client of this process. */
  readonly client?: Pick<KinesisClient, 'send'>
}

type Client = Pick<KinesisClient, 'send'>

/** The stream or the shard does not exist, or the sequence number is not of this shard. */
const isGone = (error: unknown): boolean =>
  ['ResourceNotFoundException', 'InvalidArgumentException'].includes(errorName(error))

const readPages = async (
  client: Client,
  { streamArn, shardId, first, last }: ShardRange,
): Promise<readonly StreamRecord[]> => {
  const at = {
    StreamARN: streamArn,
    ShardId: shardId,
    ShardIteratorType: 'AT_SEQUENCE_NUMBER',
    StartingSequenceNumber: first,
  } as const
  let { ShardIterator: iterator } = await client.send(new GetShardIteratorCommand(at))
  const [from, to] = [BigInt(first), BigInt(last)]
  const found: StreamRecord[] = []
  // A closed shard ends without a next iterator. For an open shard, the reply says when the reader
  // has reached its end.
  while (iterator !== undefined && iterator !== null) {
    const page: GetRecordsCommandOutput = await client.send(
      new GetRecordsCommand({ StreamARN: streamArn, ShardIterator: iterator }),
    )
    const records = (page.Records ?? []).map(streamRecordOf)
    for (const record of records) {
      const number = BigInt(record.sequenceNumber)
      if (number >= from && number <= to) found.push(record)
    }
    const isPast = records.some(({ sequenceNumber }) => BigInt(sequenceNumber) >= to)
    if (isPast || (records.length === 0 && page.MillisBehindLatest === 0)) break
    iterator = page.NextShardIterator
  }
  return found
}

const findShard = async (
  client: Client,
  { streamArn, shardId }: ShardAddress,
): Promise<Shard | undefined> => {
  for (let token: string | undefined; ;) {
    const { Shards = [], NextToken } = await client.send(
      new ListShardsCommand(
        token === undefined ? { StreamARN: streamArn } : { NextToken: token, StreamARN: streamArn },
      ),
    )
    const shard = Shards.find(({ ShardId }) => ShardId === shardId)
    if (shard !== undefined || NextToken === undefined || NextToken === null) return shard
    token = NextToken
  }
}

/**
 * A {@link StreamReader} of Kinesis. It shares the five reads per second of a shard with all other
 * readers of that shard.
 *
 * @example
 * ```ts
 * const reader = kinesisStreamReader()
 * const shardId = 'shardId-000000000000'
 * const records = await reader.read({ streamArn, shardId, first: '495903', last: '495909' })
 * ```
 */
export const kinesisStreamReader = ({
  client = kinesisClient(),
}: KinesisStreamReaderOptions = {}): StreamReader => {
  const asking = async <T>(
    action: string,
    shard: ShardAddress,
    gone: T,
    call: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await call()
    } catch (error) {
      if (isGone(error)) return gone
      throw streamError(error, action, shard)
    }
  }
  return {
    read: (range: ShardRange) =>
      asking('kinesis:GetRecords', range, [], () => readPages(client, range)),
    parents: (shard: ShardAddress) =>
      asking('kinesis:ListShards', shard, [], async () => {
        const { ParentShardId, AdjacentParentShardId } = (await findShard(client, shard)) ?? {}
        return [ParentShardId, AdjacentParentShardId].filter(
          (id) => id !== undefined && id !== null,
        )
      }),
  }
}
