/** The reader of shards, behind a client that answers as Kinesis does. */
import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { describe, expect, test } from 'vitest'
import { kinesisShardReader } from '../../lib/adapters/aws/kinesis-shard-reader.ts'
import type { ShardReader } from '../../lib/ports/shard-reader.ts'

interface Asked {
  readonly call: string
  readonly input: Record<string, unknown>
}

const failure = (name: string, more: object = {}): Error =>
  Object.assign(new Error(name), { name, ...more })

const readerOf = (
  answers: readonly (Error | object)[],
  stream = 'clicks',
): { readonly reader: ShardReader; readonly asked: readonly Asked[] } => {
  const asked: Asked[] = []
  const left = [...answers]
  const client = {
    async send(command: { readonly input: object }) {
      const { constructor, input } = command
      asked.push({ call: constructor.name, input: input as Record<string, unknown> })
      const answer = left.shift()
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('one too many')
      return answer
    },
  } as unknown as Pick<KinesisClient, 'send'>
  return { reader: kinesisShardReader({ stream, client }), asked }
}

test('a list comes page by page, and the next page is asked for by its token alone', async () => {
  const shard = { ShardId: 'a', SequenceNumberRange: { StartingSequenceNumber: '1' } }
  const closed = {
    ShardId: 'b',
    ParentShardId: 'a',
    AdjacentParentShardId: 'x',
    SequenceNumberRange: { StartingSequenceNumber: '1', EndingSequenceNumber: '2' },
  }
  const { reader, asked } = readerOf([{ Shards: [shard], NextToken: 't' }, { Shards: [closed] }])
  expect(await reader.shards()).toEqual([
    { shardId: 'a', parents: [], isClosed: false },
    { shardId: 'b', parents: ['a', 'x'], isClosed: true },
  ])
  expect(asked.map(({ input }) => input)).toEqual([{ StreamName: 'clicks' }, { NextToken: 't' }])
})

test('each call of a stream of another account names its ARN', async () => {
  const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/clicks'
  const { reader, asked } = readerOf([{ ShardIterator: 'i' }, { Records: [] }], arn)
  await reader.iterator('a', 'oldest')
  await reader.read('i')
  expect(asked.map(({ input }) => input)).toMatchObject([{ StreamARN: arn }, { StreamARN: arn }])
})

test.each([
  ['oldest', { ShardIteratorType: 'TRIM_HORIZON' }],
  ['latest', { ShardIteratorType: 'LATEST' }],
  [{ atMs: 5 }, { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(5) }],
  [
    { afterNumber: '7' },
    { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: '7' },
  ],
] as const)('a shard is read from %j on', async (start, request) => {
  const { reader, asked } = readerOf([{ ShardIterator: 'i' }])
  expect(await reader.iterator('a', start)).toBe('i')
  expect(asked).toEqual([
    { call: 'GetShardIteratorCommand', input: { StreamName: 'clicks', ShardId: 'a', ...request } },
  ])
})

test('from a time that is still to come, it is read from the latest record on', async () => {
  const { reader, asked } = readerOf([failure('InvalidArgumentException'), { ShardIterator: 'i' }])
  expect(await reader.iterator('a', { atMs: 5 })).toBe('i')
  expect(asked.map(({ input }) => input['ShardIteratorType'])).toEqual(['AT_TIMESTAMP', 'LATEST'])
})

describe('what is refused', () => {
  test.each([
    ['ProvisionedThroughputExceededException', 'throttled'],
    ['ExpiredIteratorException', 'expired'],
    ['InvalidArgumentException', 'unknown'],
    ['ResourceNotFoundException', 'gone'],
  ])('%s is an answer, and no call is repeated', async (name, refused) => {
    const { reader, asked } = readerOf([failure(name)])
    expect(await reader.read('i')).toEqual({ refused })
    expect(asked).toHaveLength(1)
  })

  test.each([
    ['the network', failure('TimeoutError'), { code: 'STREAM_UNREADABLE', retryable: true }],
    ['rights', failure('AccessDeniedException'), { code: 'STREAM_UNREADABLE', retryable: false }],
    ['credentials', failure('CredentialsProviderError'), { code: 'CREDENTIALS_MISSING' }],
    [
      'the name',
      failure('ResourceNotFoundException'),
      { code: 'STREAM_UNREADABLE', retryable: false },
    ],
  ])('because of %s', async (_, error, found) => {
    await expect(readerOf([error]).reader.describe()).rejects.toMatchObject(found)
  })

  test('while the stream is created', async () => {
    const { reader } = readerOf([{ StreamDescriptionSummary: { StreamStatus: 'CREATING' } }])
    await expect(reader.describe()).rejects.toMatchObject({ retryable: true })
  })
})

test.each([
  [{ Records: [], MillisBehindLatest: 5_000, NextShardIterator: 'n' }, 5_000, 'n'],
  [{ Records: [], NextShardIterator: 'n' }, 0, 'n'],
  [
    { Records: [{ SequenceNumber: '1', Data: new Uint8Array(3) }], MillisBehindLatest: 0 },
    0,
    undefined,
  ],
])('a page %j', async (answer, behindMs, next) => {
  expect(await readerOf([answer]).reader.read('i')).toMatchObject({ behindMs, next })
})
