import { describe, expect, test } from 'vitest'
import type { FetchedPartition, TopicReader } from '../../lib/ports/topic-reader.ts'
import type { NewRecord } from './memory-topic.ts'

/** A topic that a test can fill. Each test gets one of its own. */
export interface TopicBed {
  open(isolation?: 'read_committed' | 'read_uncommitted'): TopicReader
  put(partition: number, records: readonly NewRecord[]): Promise<void>
  transact(
    partition: number,
    records: readonly NewRecord[],
    end: 'commit' | 'abort' | 'open',
  ): Promise<void>
  deleteBefore(partition: number, offset: number): Promise<void>
  recreate(partitions: number): Promise<void>
  addPartition(): Promise<void>
  committed(partition: number): Promise<number | undefined>
}

const FETCHES_MAX = 100

/** Fetches a partition to an offset. */
const readTo = async (
  topic: TopicReader,
  { partition = 0, from = 0, to }: { partition?: number; from?: number; to: number },
): Promise<{ readonly records: FetchedPartition['records']; readonly next: number }> => {
  const records: FetchedPartition['records'][number][] = []
  let next = from
  for (let fetches = 0; next < to && fetches < FETCHES_MAX; fetches++)
    for (const found of await topic.fetch(new Map([[partition, next]]))) {
      records.push(...found.records)
      next = found.next
    }
  return { records, next }
}

const numbered = (from: number, count: number): readonly NewRecord[] =>
  Array.from({ length: count }, (_, index) => ({ value: `v${from + index}` }))

const textsOf = ({ records }: { readonly records: FetchedPartition['records'] }): string[] =>
  records.map(({ value }) => (value === null ? '-' : Buffer.from(value).toString()))

/** What every {@link TopicReader} promises. */
export const kafkaTopicContract = (
  name: string,
  bedOf: (partitions: number) => Promise<TopicBed>,
): void => {
  const opened = async (
    bed: TopicBed,
    isolation?: 'read_committed' | 'read_uncommitted',
  ): Promise<TopicReader> => {
    const topic = bed.open(isolation)
    await topic.describe()
    return topic
  }

  describe(`${name}, records`, () => {
    test('come in order, each once, with all that they have', async () => {
      const bed = await bedOf(2)
      await bed.put(1, [
        {
          key: 'k',
          value: 'a',
          headers: [
            ['h', '1'],
            ['h', '2'],
          ],
          timestampMs: 5_000,
        },
        { value: null, key: 'gone', timestampMs: 4_000 },
        { value: new Uint8Array([255, 0]), timestampMs: 6_000 },
      ])
      const topic = await opened(bed)
      const { records, next } = await readTo(topic, { partition: 1, to: 3 })
      await topic.close()
      const bytes = (text: string): number[] => [...Buffer.from(text)]
      expect(next).toBe(3)
      expect(
        records.map(({ key, value, headers, ...rest }) => ({
          ...rest,
          key: key && [...key],
          value: value && [...value],
          headers: headers.map(([header, text]) => [header, text && [...text]]),
        })),
      ).toEqual([
        {
          offset: 0,
          timestampMs: 5_000,
          key: bytes('k'),
          value: bytes('a'),
          headers: [
            ['h', bytes('1')],
            ['h', bytes('2')],
          ],
        },
        { offset: 1, timestampMs: 4_000, key: bytes('gone'), value: null, headers: [] },
        { offset: 2, timestampMs: 6_000, key: null, value: [255, 0], headers: [] },
      ])
    })

    test('begin at any offset, also in the middle of what was put at once', async () => {
      const bed = await bedOf(1)
      await bed.put(0, numbered(0, 20))
      const topic = await opened(bed)
      const found = await readTo(topic, { from: 7, to: 20 })
      const none = await topic.fetch(new Map([[0, 20]]))
      await topic.close()
      expect(textsOf(found)).toEqual(numbered(7, 13).map(({ value }) => value))
      expect(none.flatMap(({ records }) => records)).toEqual([])
    })

    test('of transactions count when they were committed', async () => {
      const bed = await bedOf(1)
      await bed.put(0, numbered(0, 1))
      await bed.transact(0, numbered(1, 3), 'abort')
      await bed.transact(0, numbered(4, 2), 'commit')
      await bed.transact(0, numbered(6, 2), 'abort')
      const end = 1 + 3 + 1 + 2 + 1 + 2 + 1
      const committed = await opened(bed)
      const uncommitted = await opened(bed, 'read_uncommitted')
      const some = await readTo(committed, { to: end })
      const all = await readTo(uncommitted, { to: end })
      // From the middle of a transaction that was aborted.
      const middle = await readTo(committed, { from: 2, to: end })
      const ends = await committed.offsets('end')
      await Promise.all([committed.close(), uncommitted.close()])
      expect({ some: textsOf(some), middle: textsOf(middle), next: some.next }).toEqual({
        some: ['v0', 'v4', 'v5'],
        middle: ['v4', 'v5'],
        next: end,
      })
      expect(textsOf(all)).toEqual(numbered(0, 8).map(({ value }) => value))
      expect(ends).toEqual(new Map([[0, end]]))
    })

    test('of an open transaction are waited for', async () => {
      const bed = await bedOf(1)
      await bed.put(0, numbered(0, 2))
      await bed.transact(0, numbered(2, 2), 'open')
      const topic = await opened(bed)
      const found = await readTo(topic, { to: 2 })
      const more = await topic.fetch(new Map([[0, 2]]))
      const ends = await topic.offsets('end')
      await topic.close()
      expect([textsOf(found), more.flatMap(({ records }) => records)]).toEqual([['v0', 'v1'], []])
      expect(ends).toEqual(new Map([[0, 2]]))
    })
  })

  describe(`${name}, offsets`, () => {
    test('out of range are told, beside what is there of others', async () => {
      const bed = await bedOf(3)
      for (const partition of [0, 1, 2]) await bed.put(partition, numbered(0, 10))
      await bed.deleteBefore(0, 4)
      const topic = await opened(bed)
      const found: FetchedPartition[] = []
      // A fetch may answer for some partitions only.
      for (let fetches = 0; found.length < 3 && fetches < FETCHES_MAX; fetches++) {
        const asked = new Map(
          [
            ...new Map([
              [0, 2],
              [1, 8],
              [2, 99],
            ]),
          ].filter(([number]) => !found.some(({ partition }) => partition === number)),
        )
        found.push(...(await topic.fetch(asked)))
      }
      const firsts = await topic.offsets('first')
      const next = await topic.fetch(new Map([[0, 4]]))
      await topic.close()
      expect(
        found
          .toSorted((a, b) => a.partition - b.partition)
          .map(({ isOutOfRange = false, ...rest }) => [isOutOfRange, ...textsOf(rest)]),
      ).toEqual([[true], [false, 'v8', 'v9'], [true]])
      expect(firsts).toEqual(
        new Map([
          [0, 4],
          [1, 0],
          [2, 0],
        ]),
      )
      expect(next.flatMap(textsOf)[0]).toBe('v4')
    })

    test('of a time are those of the first record from it on, or the end', async () => {
      const bed = await bedOf(2)
      await bed.put(0, [
        { value: 'a', timestampMs: 1_000 },
        { value: 'b', timestampMs: 2_000 },
        { value: 'c', timestampMs: 3_000 },
      ])
      await bed.put(1, [{ value: 'a', timestampMs: 1_000 }])
      const topic = await opened(bed)
      const at = (timeMs: number): Promise<unknown> => topic.offsets({ timeMs })
      const found = [await at(500), await at(2_000), await at(2_001)]
      await topic.close()
      expect(found).toEqual([
        new Map([
          [0, 0],
          [1, 0],
        ]),
        new Map([
          [0, 1],
          [1, 1],
        ]),
        new Map([
          [0, 2],
          [1, 1],
        ]),
      ])
    })

    test('can be written down for tools', async () => {
      const bed = await bedOf(2)
      await bed.put(0, numbered(0, 5))
      const topic = await opened(bed)
      await topic.commit(
        new Map([
          [0, 3],
          [1, 0],
        ]),
      )
      await topic.close()
      expect([await bed.committed(0), await bed.committed(1)]).toEqual([3, 0])
    })
  })

  test(`${name} says when it is another topic, and when it has grown`, async () => {
    const bed = await bedOf(1)
    const topic = await opened(bed)
    const before = await topic.describe()
    await bed.addPartition()
    const grown = await topic.describe()
    await bed.recreate(1)
    const after = await topic.describe()
    await topic.close()
    expect([before.partitions, grown.partitions, after.partitions]).toEqual([1, 2, 1])
    expect(grown.id).toBe(before.id)
    expect(after.id).not.toBe(before.id)
  })
}
