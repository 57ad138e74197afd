import { describe, expect, test } from 'vitest'
import { fetchedOf, type RecordBatch } from '../../../lib/adapters/local/kafka/fetched.ts'

const TRANSACTIONAL = 0b01_0000
const CONTROL = 0b10_0000
const LOG_APPEND_TIME = 0b1000

interface Given {
  readonly at: number
  readonly count?: number
  readonly producer?: number
  readonly attributes?: number
  readonly key?: Uint8Array
  /** Offsets that compaction has taken, from the first. */
  readonly without?: readonly number[]
}

const batchOf = ({
  at,
  count = 1,
  producer = -1,
  attributes = 0,
  key,
  without = [],
}: Given): RecordBatch => ({
  firstOffset: BigInt(at),
  lastOffsetDelta: count - 1,
  firstTimestamp: 100n,
  maxTimestamp: 999n,
  attributes,
  producerId: BigInt(producer),
  records: Array.from({ length: count }, (_, offsetDelta) => ({
    offsetDelta,
    timestampDelta: BigInt(offsetDelta),
    key: key ?? null,
    value: null,
    headers: [],
    length: 10,
  })).filter(({ offsetDelta }) => !without.includes(offsetDelta)),
})

const data = (at: number, producer: number, count = 1): RecordBatch =>
  batchOf({ at, producer, count, attributes: TRANSACTIONAL })
const marker = (at: number, producer: number, end: 'abort' | 'commit'): RecordBatch =>
  batchOf({
    at,
    producer,
    attributes: TRANSACTIONAL | CONTROL,
    key: new Uint8Array([0, 0, 0, end === 'abort' ? 0 : 1]),
  })

const read = (
  batches: readonly RecordBatch[],
  {
    from = 0,
    aborted = [],
  }: { from?: number; aborted?: readonly (readonly [number, number])[] } = {},
): { readonly offsets: readonly number[]; readonly next: number } => {
  const { records, next } = fetchedOf(
    {
      partitionIndex: 0,
      errorCode: 0,
      records: batches,
      abortedTransactions: aborted.map(([producer, first]) => ({
        producerId: BigInt(producer),
        firstOffset: BigInt(first),
      })),
    },
    from,
  )
  return { offsets: records.map(({ offset }) => offset), next }
}

describe('a fetch', () => {
  test.each([
    ['of nothing stays where it is', [], { from: 7 }, { offsets: [], next: 7 }],
    [
      'of a batch that begins before it',
      [batchOf({ at: 0, count: 5 })],
      { from: 3 },
      { offsets: [3, 4], next: 5 },
    ],
    [
      'passes what compaction has taken, also at the end',
      [
        batchOf({ at: 0, count: 5, without: [0, 3, 4] }),
        batchOf({ at: 9, count: 3, without: [0, 1, 2] }),
      ],
      {},
      { offsets: [1, 2], next: 12 },
    ],
    [
      'passes markers at the end',
      [data(0, 1), marker(1, 1, 'commit')],
      {},
      { offsets: [0], next: 2 },
    ],
    [
      'leaves out several transactions of one producer that were aborted',
      [
        data(0, 1, 2),
        marker(2, 1, 'abort'),
        data(3, 1),
        marker(4, 1, 'commit'),
        data(5, 1),
        marker(6, 1, 'abort'),
      ],
      {
        aborted: [
          [1, 0],
          [1, 5],
        ],
      },
      { offsets: [3], next: 7 },
    ],
    [
      'leaves out a transaction whose marker comes later',
      [data(0, 1), data(1, 2), data(2, 1)],
      { aborted: [[1, 0]] },
      { offsets: [1], next: 3 },
    ],
    [
      'that begins within a transaction leaves out the rest of it',
      [data(4, 1, 3), marker(7, 1, 'abort'), data(8, 1)],
      { from: 5, aborted: [[1, 2]] },
      { offsets: [8], next: 9 },
    ],
    [
      'that begins at the marker of an abort',
      [marker(4, 1, 'abort'), data(5, 1)],
      { from: 4 },
      { offsets: [5], next: 6 },
    ],
    [
      'keeps what the same producer wrote without a transaction',
      [batchOf({ at: 0, producer: 1 }), data(1, 1)],
      { aborted: [[1, 0]] },
      { offsets: [0], next: 2 },
    ],
  ] as const)('%s', (_, batches, given, expected) => {
    expect(read(batches, given)).toEqual(expected)
  })

  test('takes the time of the broker where the topic wants it', () => {
    const timesOf = (attributes: number): readonly number[] =>
      fetchedOf(
        {
          partitionIndex: 0,
          errorCode: 0,
          records: [batchOf({ at: 0, count: 2, attributes })],
          abortedTransactions: null,
        },
        0,
      ).records.map(({ timestampMs }) => timestampMs)
    expect([timesOf(0), timesOf(LOG_APPEND_TIME)]).toEqual([
      [100, 101],
      [999, 999],
    ])
  })
})
