import { describe, expect, test } from 'vitest'
import { tableStreamReader } from '../../../lib/adapters/aws/table-stream-reader.ts'
import type { StreamCalls } from '../../../lib/adapters/aws/table-stream-sdk.ts'

// What AWS documents of streams of tables, played by a fake client.

const open = (answers: readonly (object | Error)[]) => {
  const calls: string[] = []
  const next = [...answers]
  const call = async (command: string, input: object): Promise<never> => {
    calls.push(`${command.replace('Command', '')} ${JSON.stringify(input)}`)
    const answer = next.shift() ?? {}
    if (answer instanceof Error) throw answer
    return answer as never
  }
  const streams: StreamCalls = { call, destroy: () => undefined }
  return { reader: tableStreamReader({ table: 'orders', streams }), calls }
}

const failure = (name: string): Error => Object.assign(new Error(name), { name })

const record = (SequenceNumber: string, more: object = {}): object => ({
  eventID: `event-${SequenceNumber}`,
  eventName: 'INSERT',
  dynamodb: { SequenceNumber, Keys: { id: { S: 'a' } }, ...more },
})

describe('a stream', () => {
  test('is the newest one of its table, with all of its shards', async () => {
    const closed = { SequenceNumberRange: { EndingSequenceNumber: '7' } }
    const { reader, calls } = open([
      { Streams: [{ StreamArn: 'orders/stream/2026-11' }], LastEvaluatedStreamArn: 'first' },
      { Streams: [{ StreamArn: 'orders/stream/2026-10' }] },
      {
        StreamDescription: {
          StreamStatus: 'ENABLED',
          Shards: [{ ShardId: 'a' }],
          LastEvaluatedShardId: 'a',
        },
      },
      {
        StreamDescription: {
          StreamStatus: 'ENABLED',
          Shards: [{ ShardId: 'b', ParentShardId: 'a', ...closed }],
        },
      },
    ])
    expect(await reader.describe()).toEqual({
      label: '2026-11',
      shards: [
        { shardId: 'a', isClosed: false },
        { shardId: 'b', parentId: 'a', isClosed: true },
      ],
    })
    expect(calls).toEqual([
      'ListStreams {"TableName":"orders"}',
      'ListStreams {"TableName":"orders","ExclusiveStartStreamArn":"first"}',
      'DescribeStream {"StreamArn":"orders/stream/2026-11"}',
      'DescribeStream {"StreamArn":"orders/stream/2026-11","ExclusiveStartShardId":"a"}',
    ])
  })

  test.each([
    ['there is none', [{ Streams: [] }]],
    [
      'it is switched off',
      [{ Streams: [{ StreamArn: 'x' }] }, { StreamDescription: { StreamStatus: 'DISABLED' } }],
    ],
  ])('that a table does not have is told: %s', async (_, answers) => {
    const { reader } = open(answers)
    await expect(reader.describe()).rejects.toMatchObject({
      code: 'STREAM_UNREADABLE',
      retryable: false,
      message: expect.stringContaining('StreamEnabled=true') as string,
    })
  })
})

describe('a shard', () => {
  test('is read from its oldest record to its end', async () => {
    const { reader, calls } = open([
      { ShardIterator: 'one' },
      { Records: [record('1'), record('2')], NextShardIterator: 'two' },
      { NextShardIterator: 'three' },
      { Records: [record('3')] },
    ])
    const cursor = reader.open('shard', undefined)
    const pages = [await cursor.next(), await cursor.next(), await cursor.next()]
    expect(pages.map(({ records }) => records.map((one) => one.sequenceNumber).join())).toEqual([
      '1,2',
      '',
      '3',
    ])
    expect(pages.map(({ isEnd }) => isEnd)).toEqual([false, false, true])
    expect(await cursor.next()).toEqual({ records: [], isEnd: true })
    expect(calls[0]).toContain('TRIM_HORIZON')
    expect(calls).toHaveLength(4)
  })

  test('goes on after the last record when its iterator has expired', async () => {
    const { reader, calls } = open([
      { ShardIterator: 'one' },
      { Records: [record('5')], NextShardIterator: 'two' },
      failure('ExpiredIteratorException'),
      { ShardIterator: 'three' },
      { Records: [record('6')], NextShardIterator: 'four' },
    ])
    const cursor = reader.open('shard', '4')
    const numbers = []
    for (let reads = 0; reads < 3; reads++)
      numbers.push(...(await cursor.next()).records.map((one) => one.sequenceNumber))
    expect(numbers).toEqual(['5', '6'])
    expect(calls.filter((call) => call.includes('AFTER_SEQUENCE_NUMBER'))).toEqual([
      expect.stringContaining('"SequenceNumber":"4"'),
      expect.stringContaining('"SequenceNumber":"5"'),
    ])
  })

  test.each([
    ['TrimmedDataAccessException', { code: 'RECORDS_EXPIRED' }],
    ['AccessDeniedException', { code: 'STREAM_UNREADABLE', retryable: false }],
    ['InternalServerError', { code: 'STREAM_UNREADABLE' }],
  ])('fails with %s', async (name, error) => {
    const { reader } = open([failure(name)])
    await expect(reader.open('shard', '4').next()).rejects.toMatchObject(error)
  })

  test('that is gone has ended', async () => {
    const { reader } = open([failure('ResourceNotFoundException')])
    expect(await reader.open('shard', '4').next()).toEqual({ records: [], isEnd: true })
  })

  test('gives records as Lambda does: bytes in base64, and times in seconds', async () => {
    const { reader } = open([
      { ShardIterator: 'one' },
      {
        Records: [
          record('1', {
            ApproximateCreationDateTime: new Date(1_700_000_000_000),
            NewImage: { bytes: { B: Uint8Array.of(1, 2) }, all: { BS: [Uint8Array.of(1)] } },
          }),
        ],
      },
    ])
    const { records } = await reader.open('shard', undefined).next()
    expect(records[0]?.event).toEqual(
      record('1', {
        ApproximateCreationDateTime: 1_700_000_000,
        NewImage: { bytes: { B: 'AQI=' }, all: { BS: ['AQ=='] } },
      }),
    )
  })
})
