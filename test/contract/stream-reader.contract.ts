import { beforeAll, describe, expect, test } from 'vitest'
import type { StreamReader, StreamRecord } from '../../lib/ports/stream-reader.ts'

/**
 * A shard with what was put into it, oldest first; its arrival times are the stream's own affair.
 */
export interface FilledShard {
  readonly shardId: string
  readonly records: readonly Omit<StreamRecord, 'arrivalMs'>[]
}

/**
 * A stream that a test has filled: a shard with at least ten records, of which some are no text,
 * that is closed since it was split in two; and its open children, one of which holds records.
 */
export interface StreamPlace {
  readonly reader: StreamReader
  readonly streamArn: string
  readonly parent: FilledShard
  /** The one with records first. */
  readonly children: readonly [FilledShard, FilledShard]
}

const numbersOf = (records: readonly { readonly sequenceNumber: string }[]): readonly string[] =>
  records.map(({ sequenceNumber }) => sequenceNumber)

const plain = ({
  sequenceNumber,
  partitionKey,
  data,
}: StreamRecord): FilledShard['records'][number] => ({
  sequenceNumber,
  partitionKey,
  data: new Uint8Array(data),
})

const ranges = (place: () => StreamPlace): void => {
  /** What there is of a range: from one record of a shard to another, by their indexes. */
  const read = (shard: FilledShard, from: number, to: number): Promise<readonly StreamRecord[]> => {
    const [first = '', last = ''] = [
      shard.records.at(from)?.sequenceNumber,
      shard.records.at(to)?.sequenceNumber,
    ]
    return place().reader.read({
      streamArn: place().streamArn,
      shardId: shard.shardId,
      first,
      last,
    })
  }

  test.each([
    ['all of it', 0, -1],
    ['the first record', 0, 0],
    ['one in the middle', 4, 4],
    ['some', 2, 7],
    ['up to the last', 7, -1],
  ])('of a closed shard, %s', async (_, from, to) => {
    const { parent } = place()
    expect((await read(parent, from, to)).map(plain)).toEqual(
      parent.records.slice(from, to === -1 ? undefined : to + 1),
    )
  })

  test('the same each time, arrival times too', async () => {
    expect(await read(place().parent, 0, -1)).toEqual(await read(place().parent, 0, -1))
  })

  test('of an open shard, also behind its last record', async () => {
    const { reader, streamArn, children } = place()
    const [{ shardId, records }] = children
    const [first = '', last = ''] = [records.at(0)?.sequenceNumber, records.at(-1)?.sequenceNumber]
    const behind = String(BigInt(last) + 10n ** 20n)
    expect(numbersOf(await reader.read({ streamArn, shardId, first, last: behind }))).toEqual(
      numbersOf(records),
    )
  })

  test.each([
    ['a shard that is not there', { shardId: 'shardId-000000000099' }],
    [
      'a stream that is not there',
      { streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/none' },
    ],
    ['numbers that are none of its own', { first: '1', last: '2' }],
  ])('of %s has nothing', async (_, changed) => {
    const { reader, streamArn, parent } = place()
    const [first = '', last = ''] = [
      parent.records.at(0)?.sequenceNumber,
      parent.records.at(-1)?.sequenceNumber,
    ]
    expect(
      await reader.read({ streamArn, shardId: parent.shardId, first, last, ...changed }),
    ).toEqual([])
  })
}

const lineage = (place: () => StreamPlace): void => {
  test('of a shard that was split', async () => {
    const { reader, streamArn, parent, children } = place()
    for (const { shardId } of children)
      expect(await reader.parents({ streamArn, shardId })).toEqual([parent.shardId])
  })

  test('of a first shard, and of one that is not there, is none', async () => {
    const { reader, streamArn, parent } = place()
    expect(await reader.parents({ streamArn, shardId: parent.shardId })).toEqual([])
    expect(await reader.parents({ streamArn, shardId: 'shardId-000000000099' })).toEqual([])
  })
}

/**
 * What every {@link StreamReader} promises. The stream is filled once for all tests, which only
 * read.
 */
export const streamReaderContract = (adapter: string, open: () => Promise<StreamPlace>): void => {
  describe(`a stream reader: ${adapter}`, () => {
    let current: StreamPlace | undefined
    beforeAll(async () => {
      current = await open()
    })
    const place = (): StreamPlace => {
      if (current === undefined) throw new Error('the stream is there only in a test')
      return current
    }

    describe('a range', () => ranges(place))
    describe('the lineage', () => lineage(place))
  })
}
