import { describe, expect, test } from 'vitest'
import { kinesisStreamReader } from '../../../lib/adapters/aws/kinesis-stream-reader.ts'

const range = {
  streamArn: 'arn:aws:kinesis:eu-west-1:1:stream/clicks',
  shardId: 'shardId-0',
  first: '10',
  last: '30',
}

interface Page {
  readonly numbers: readonly number[]
  readonly behindMs?: number
  /** The shard ends here. */
  readonly end?: boolean
}

/**
 * A shard that answers page by page, as Kinesis does. The service decides how large a page is, and
 * a page may be empty.
 */
const shardOf = (pages: readonly Page[]) => {
  const calls: string[] = []
  const send = async ({
    input,
    constructor: { name },
  }: {
    readonly input: { readonly ShardIterator?: string }
    readonly constructor: { readonly name: string }
  }) => {
    calls.push(name)
    if (name === 'GetShardIteratorCommand') return { ShardIterator: '0' }
    const index = Number(input.ShardIterator)
    const page = pages[index] ?? { numbers: [], behindMs: 0 }
    return {
      Records: page.numbers.map((n) => ({
        SequenceNumber: String(n),
        PartitionKey: 'k',
        Data: Uint8Array.of(n),
      })),
      MillisBehindLatest: page.behindMs ?? 1_000,
      ...(page.end === true ? {} : { NextShardIterator: String(index + 1) }),
    }
  }
  return { reader: kinesisStreamReader({ client: { send } as never }), calls }
}

test.each<[string, readonly Page[], readonly number[], number]>([
  ['on one page', [{ numbers: [10, 20, 30, 40] }], [10, 20, 30], 1],
  [
    'over several pages',
    [{ numbers: [10] }, { numbers: [20] }, { numbers: [30] }],
    [10, 20, 30],
    3,
  ],
  [
    'with empty pages between',
    [{ numbers: [] }, { numbers: [10, 20] }, { numbers: [] }, { numbers: [30] }],
    [10, 20, 30],
    4,
  ],
  ['whose first records are gone', [{ numbers: [20, 31] }], [20], 1],
  ['whose records are all gone', [{ numbers: [31, 32] }], [], 1],
  ['that ends with its shard', [{ numbers: [10, 20], end: true }], [10, 20], 1],
  [
    'that ends with the newest record',
    [{ numbers: [10, 20] }, { numbers: [], behindMs: 0 }],
    [10, 20],
    2,
  ],
])('a range %s', async (_, pages, numbers, reads) => {
  const { reader, calls } = shardOf(pages)
  expect((await reader.read(range)).map(({ sequenceNumber }) => Number(sequenceNumber))).toEqual(
    numbers,
  )
  expect(calls).toEqual([
    'GetShardIteratorCommand',
    ...Array.from({ length: reads }, () => 'GetRecordsCommand'),
  ])
})

describe('the requested shard', () => {
  test('may be on a later page of the list', async () => {
    const asked: (string | undefined)[] = []
    const send = async ({
      input: { NextToken },
    }: {
      readonly input: { readonly NextToken?: string }
    }) => {
      asked.push(NextToken)
      return NextToken === undefined
        ? { Shards: [{ ShardId: 'shardId-9' }], NextToken: 'more' }
        : {
            Shards: [
              {
                ShardId: 'shardId-0',
                ParentShardId: 'shardId-7',
                AdjacentParentShardId: 'shardId-8',
              },
            ],
          }
    }
    const reader = kinesisStreamReader({ client: { send } as never })
    expect(await reader.parents(range)).toEqual(['shardId-7', 'shardId-8'])
    expect(asked).toEqual([undefined, 'more'])
  })
})

test.each([
  ['ECONNRESET', { code: 'ECONNRESET' }, true],
  ['throttling', { name: 'ProvisionedThroughputExceededException' }, true],
  ['denied', { name: 'AccessDeniedException' }, false],
])('an error: %s', async (_, parts, retryable) => {
  const reader = kinesisStreamReader({
    client: { send: () => Promise.reject(Object.assign(new Error('no'), parts)) } as never,
  })
  for (const call of [() => reader.read(range), () => reader.parents(range)])
    await expect(call()).rejects.toMatchObject({ code: 'STREAM_UNREADABLE', retryable })
})
