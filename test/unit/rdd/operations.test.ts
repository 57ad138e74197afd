import { describe, expect, test } from 'vitest'
import { parallelize, type RDD } from 'millrace'

const PARTITIONS = [1, 2, 5] as const

/** The elements of each partition, divided as by Spark's `parallelize`. */
const divide = <T>(elements: readonly T[], partitions: number): readonly (readonly T[])[] =>
  Array.from({ length: partitions }, (_, i) =>
    elements.slice(
      Math.floor((i * elements.length) / partitions),
      Math.floor(((i + 1) * elements.length) / partitions),
    ),
  )

const NUMBERS = [3, 1, 4, 1, 5, 9, 2, 6]
const WORDS = ['to', 'be', 'or', 'not', 'to', 'be', '', '__proto__', '__proto__', 'z']
const PAIRS = WORDS.map((word, i): [string, number] => [word, i])

/** The pairs grouped by key, in the order of keys. Values keep their order. */
const grouped = <V>(pairs: readonly (readonly [string, V])[]): [string, V[]][] =>
  [...new Set(pairs.map(([key]) => key))]
    .sort()
    .map((key) => [key, pairs.filter((pair) => pair[0] === key).map(([, value]) => value)])

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

/** One transformation on an RDD, and the same computed from scratch with arrays. */
interface Row<T> {
  readonly name: string
  readonly of: readonly T[]
  readonly run: (rdd: RDD<T>) => RDD<unknown>
  readonly fromScratch: (
    elements: readonly T[],
    partitions: readonly (readonly T[])[],
  ) => readonly unknown[]
}

const row = <T>(
  name: string,
  of: readonly T[],
  run: Row<T>['run'],
  fromScratch: Row<T>['fromScratch'],
): Row<never> => ({ name, of, run, fromScratch }) as unknown as Row<never>

const rows: readonly Row<never>[] = [
  row(
    'no transformation',
    NUMBERS,
    (rdd) => rdd,
    (all) => all,
  ),
  row(
    'map',
    NUMBERS,
    (rdd) => rdd.map((n) => n * 2),
    (all) => all.map((n) => n * 2),
  ),
  row(
    'map to undefined and null',
    NUMBERS,
    (rdd) => rdd.map((n) => (n > 3 ? undefined : null)),
    (all) => all.map((n) => (n > 3 ? undefined : null)),
  ),
  row(
    'filter',
    NUMBERS,
    (rdd) => rdd.filter((n) => n % 2 === 0),
    (all) => all.filter((n) => n % 2 === 0),
  ),
  row(
    'filter out all',
    NUMBERS,
    (rdd) => rdd.filter(() => false),
    () => [],
  ),
  row(
    'flatMap',
    NUMBERS,
    (rdd) => rdd.flatMap((n) => [n, n * 2]),
    (all) => all.flatMap((n) => [n, n * 2]),
  ),
  row(
    'flatMap of strings by character',
    WORDS,
    (rdd) => rdd.flatMap((word) => word),
    (all) => all.flatMap((word) => Array.from(word)),
  ),
  row(
    'flatMap of generators',
    NUMBERS,
    (rdd) =>
      rdd.flatMap(function* (n) {
        for (let i = 0; i < n; i++) yield i
      }),
    (all) => all.flatMap((n) => [...Array(n).keys()]),
  ),
  row(
    'mapToPair',
    WORDS,
    (rdd) => rdd.mapToPair((word) => [word, word.length]),
    (all) => all.map((word) => [word, word.length]),
  ),
  row(
    'mapValues',
    PAIRS,
    (rdd) => rdd.mapValues((n) => n + 10),
    (all) => all.map(([key, n]) => [key, n + 10]),
  ),
  row(
    'fused steps',
    NUMBERS,
    (rdd) =>
      rdd
        .filter((n) => n > 1)
        .map((n) => n + 1)
        .flatMap((n) => [n, -n])
        .filter((n) => n !== 4),
    (all) =>
      all
        .filter((n) => n > 1)
        .map((n) => n + 1)
        .flatMap((n) => [n, -n])
        .filter((n) => n !== 4),
  ),
  row(
    'mapPartitions',
    NUMBERS,
    (rdd) => rdd.mapPartitions((part) => [sum([...part])]),
    (_, parts) => parts.map(sum),
  ),
  row(
    'mapPartitions, async, after other steps',
    NUMBERS,
    (rdd) =>
      rdd
        .map((n) => n + 1)
        .mapPartitions(async (part) => [[...part].length])
        .map((n) => n * 10),
    (_, parts) => parts.map((part) => part.length * 10),
  ),
  row(
    'union',
    NUMBERS,
    (rdd) => rdd.union(rdd.map((n) => n + 4)),
    (all) => [...all, ...all.map((n) => n + 4)],
  ),
  row(
    'union, with steps before and after it',
    NUMBERS,
    (rdd) =>
      rdd
        .map((n) => n + 1)
        .union(rdd)
        .map((n) => n * 2),
    (all) => [...all.map((n) => n + 1), ...all].map((n) => n * 2),
  ),
  row(
    'reduceByKey',
    PAIRS,
    (rdd) => rdd.reduceByKey((a, b) => a + b),
    (all) => grouped(all).map(([key, values]) => [key, sum(values)]),
  ),
  row(
    'reduceByKey of a union',
    PAIRS,
    (rdd) => rdd.union(rdd).reduceByKey((a, b) => a + b),
    (all) => grouped([...all, ...all]).map(([key, values]) => [key, sum(values)]),
  ),
  row(
    'groupByKey',
    PAIRS,
    (rdd) => rdd.groupByKey(),
    (all) => grouped(all),
  ),
  row(
    'steps after a shuffle',
    PAIRS,
    (rdd) =>
      rdd
        .reduceByKey((a, b) => a + b)
        .filter(([, n]) => n > 3)
        .map(([key]) => key),
    (all) =>
      grouped(all)
        .filter(([, values]) => sum(values) > 3)
        .map(([key]) => key),
  ),
  row(
    'a shuffle after a shuffle',
    PAIRS,
    (rdd) =>
      rdd
        .reduceByKey((a, b) => a + b)
        .mapToPair(([key, n]) => [key.length, n])
        .reduceByKey((a, b) => a + b),
    (all) => {
      const lengths = [...new Set(all.map(([key]) => key.length))].sort((a, b) => a - b)
      return lengths.map((length) => [
        length,
        sum(all.filter(([key]) => key.length === length).map(([, n]) => n)),
      ])
    },
  ),
]

describe.each(PARTITIONS)('over %i partitions', (partitions) => {
  test.each(rows)('$name', async ({ of, run, fromScratch }) => {
    expect(await run(parallelize(of, { partitions })).collect()).toEqual(
      fromScratch(of, divide(of, partitions)),
    )
  })

  test.each(rows)('$name, of an empty RDD', async ({ run, fromScratch }) => {
    expect(await run(parallelize<never>([], { partitions })).collect()).toEqual(
      fromScratch([], divide([], partitions)),
    )
  })

  test.each(PARTITIONS)(
    'a shuffle into %i partitions has each key in one of them, in order, with the same sum',
    async (into) => {
      const shuffled = parallelize(PAIRS, { partitions }).reduceByKey((a, b) => a + b, {
        partitions: into,
      })
      const parts = await shuffled.mapPartitions((part) => [[...part]]).collect()
      expect(shuffled.getNumPartitions()).toBe(into)
      expect(parts).toHaveLength(into)
      for (const part of parts)
        expect(part.map(([key]) => key)).toEqual(part.map(([key]) => key).toSorted())
      expect(parts.flat().toSorted(([a], [b]) => (a < b ? -1 : 1))).toEqual(
        grouped(PAIRS).map(([key, values]) => [key, sum(values)]),
      )
    },
  )

  test('values of a key keep their order', async () => {
    const values = await parallelize(PAIRS, { partitions }).groupByKey({ partitions: 3 }).collect()
    expect(new Map(values)).toEqual(new Map(grouped(PAIRS)))
  })

  test('actions', async () => {
    const rdd = parallelize(NUMBERS, { partitions }).map((n) => n + 1)
    const seen: number[] = []
    await rdd.foreach((n) => seen.push(n))
    const expected = NUMBERS.map((n) => n + 1)
    expect(seen).toEqual(expected)
    expect(await rdd.count()).toBe(NUMBERS.length)
    expect(await rdd.reduce((a, b) => a - b)).toBe(expected.reduce((a, b) => a - b))
    expect(await rdd.isEmpty()).toBe(false)
    expect(await rdd.filter((n) => n > 100).isEmpty()).toBe(true)
    expect(await rdd.flatMap((n) => [n, n]).count()).toBe(2 * NUMBERS.length)
    expect(rdd.getNumPartitions()).toBe(partitions)
    for (const count of [0, 1, 3, NUMBERS.length, 100])
      expect(await rdd.take(count)).toEqual(expected.slice(0, count))
  })
})

test('parallelize takes elements from any iterable', async () => {
  expect(await parallelize(new Set(['a', 'b'])).collect()).toEqual(['a', 'b'])
  expect(await parallelize(new Map([['a', 1]]), { partitions: 3 }).collect()).toEqual([['a', 1]])
})

test('take computes no more partitions than it needs', async () => {
  const computed: number[] = []
  const rdd = parallelize([0, 1, 2, 3], { partitions: 4 }).map((n) => computed.push(n))
  await rdd.take(2)
  expect(computed).toEqual([0, 1])
})

test('nothing runs before an action, and a shuffle runs once for several actions', async () => {
  let calls = 0
  const rdd = parallelize(PAIRS).mapValues((n) => {
    calls += 1
    return n
  })
  const reduced = rdd.reduceByKey((a, b) => a + b)
  expect(calls).toBe(0)
  await Promise.all([reduced.collect(), reduced.count(), reduced.take(1)])
  await reduced.map(([key]) => key).collect()
  expect(calls).toBe(PAIRS.length)
})

test('changing the result of an action does not change the RDD', async () => {
  const elements = [3, 1, 2]
  const rdd = parallelize(elements)
  ;(await rdd.collect()).pop()
  ;(await rdd.take(3)).pop()
  expect(await rdd.collect()).toEqual([3, 1, 2])
  expect(elements).toEqual([3, 1, 2])
})
