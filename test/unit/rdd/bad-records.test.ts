import { describe, expect, test } from 'vitest'
import type { BadRecord } from '../../../lib/rdd/evaluate.ts'
import { parallelize } from '../../../lib/rdd/parallelize.ts'
import { rddOfPartitions, type RDD } from '../../../lib/rdd/rdd.ts'

/** Records straight from a source, and those that were put aside, by their place. */
const fromSource = <T>(
  records: readonly T[],
): { readonly rdd: RDD<T>; readonly aside: Map<number, BadRecord> } => {
  const aside = new Map<number, BadRecord>()
  const origin = {
    description: 'lane 0 of lines',
    reject: (bad: BadRecord) => void aside.set(bad.index, bad),
  }
  return { rdd: rddOfPartitions<T>([{ records, steps: [], origin }]), aside }
}

const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

const throwOn =
  (...bad: readonly number[]) =>
  (n: number): number => {
    if (bad.includes(n)) throw new RangeError(`bad ${n}`)
    return n
  }

/** Where in a chain of steps the function throws. Each throws on 3 and 5. */
const places: readonly (readonly [string, (rdd: RDD<number>) => RDD<number>])[] = [
  ['map', (rdd) => rdd.map(throwOn(3, 5))],
  ['map behind a map', (rdd) => rdd.map((n) => n).map(throwOn(3, 5))],
  ['filter', (rdd) => rdd.filter((n) => throwOn(3, 5)(n) >= 0)],
  ['flatMap', (rdd) => rdd.flatMap((n) => [throwOn(3, 5)(n)])],
  [
    'flatMap that has already given something',
    (rdd) => rdd.flatMap((n) => (n === 3 || n === 5 ? [n, -n] : [n])).map(throwOn(-3, -5)),
  ],
  [
    'flatMap whose generator throws late',
    (rdd) =>
      rdd.flatMap(function* (n) {
        yield n
        throwOn(3, 5)(n)
      }),
  ],
  [
    'flatMap of what is not iterable',
    (rdd) => rdd.flatMap((n) => (n === 3 || n === 5 ? (undefined as unknown as number[]) : [n])),
  ],
  ['mapToPair', (rdd) => rdd.mapToPair((n) => [throwOn(3, 5)(n), 1]).map(([n]) => n)],
]

describe.each(places)('a record on which %s throws', (_, steps) => {
  test('is put aside, and no other', async () => {
    const { rdd, aside } = fromSource(numbersTo(10))
    expect(await steps(rdd).collect()).toEqual([0, 1, 2, 4, 6, 7, 8, 9])
    expect([...aside].map(([index, bad]) => [index, bad.record])).toEqual([
      [3, 3],
      [5, 5],
    ])
  })

  test('counts in no action', async () => {
    const { rdd } = fromSource(numbersTo(10))
    expect(await steps(rdd).count()).toBe(8)
    expect(await steps(rdd).reduce((a, b) => a + b)).toBe(45 - 8)
    expect(
      await steps(rdd)
        .mapToPair((n) => [n % 2, n])
        .reduceByKey((a, b) => a + b)
        .collect(),
    ).toEqual([
      [0, 20],
      [1, 17],
    ])
  })

  test('fails the batch where it cannot be put aside', async () => {
    const failure = {
      code: 'USER_FUNCTION_FAILED',
      message: expect.stringMatching(/given: +\[?3/) as string,
    }
    await expect(steps(parallelize(numbersTo(10))).collect()).rejects.toMatchObject(failure)
    const behindShuffle = parallelize(numbersTo(10))
      .mapToPair((n) => [n, n])
      .reduceByKey((a) => a)
      .map(([n]) => n)
    await expect(steps(behindShuffle).collect()).rejects.toMatchObject(failure)
  })
})

test('a bad record has the operator that threw, and what it threw', async () => {
  const { rdd, aside } = fromSource([1, 2])
  await rdd
    .within({ write: async () => undefined }, 'map-7')
    .map(throwOn(2))
    .collect()
  expect([...aside.values()]).toEqual([
    { index: 1, record: 2, label: 'map-7', error: new RangeError('bad 2') },
  ])
})

test('each output that pours a partition puts the same records aside', async () => {
  const { rdd, aside } = fromSource(numbersTo(10))
  const bad = rdd.map(throwOn(4))
  await bad.collect()
  await bad.count()
  expect([...aside.keys()]).toEqual([4])
})

describe('too much poison is broken code', () => {
  test.each([
    // records, bad ones, whether they can be put aside
    [10, 10, true],
    [11, 11, false],
    [100, 10, true],
    [100, 11, false],
    [1_000, 10, true],
    [1_000, 11, false],
    [2_000, 20, true],
    [2_000, 21, false],
    [1_100, 11, true],
  ])('of %i records, %i bad ones: put aside is %s', async (records, bad, canBePutAside) => {
    const { rdd, aside } = fromSource(numbersTo(records))
    const collected = rdd
      .map((n) => {
        if (n < bad) throw new Error('bad')
        return n
      })
      .collect()
    if (!canBePutAside)
      return expect(collected).rejects.toMatchObject({
        code: 'POISON_BREAKER',
        message: expect.stringContaining('lane 0 of lines') as string,
      })
    expect(await collected).toHaveLength(records - bad)
    return expect(aside.size).toBe(bad)
  })

  test('each partition counts for itself', async () => {
    const { rdd } = fromSource(numbersTo(10))
    const bad = rdd.map(throwOn(...numbersTo(10)))
    expect(await bad.union(bad).union(bad).collect()).toEqual([])
  })
})

describe('an error behind the source stage names its operator', () => {
  const named = <T>(rdd: RDD<T>, id: string): RDD<T> =>
    rdd.within({ write: async () => undefined }, id)
  const broken = (): never => {
    throw new TypeError('broken')
  }
  const pairs = (): RDD<[string, number]> =>
    parallelize(
      [
        ['a', 1],
        ['b', 2],
      ] as [string, number][],
      { partitions: 2 },
    )
  const doubled = (): RDD<[string, number]> =>
    parallelize([
      ['a', 1],
      ['a', 2],
    ] as [string, number][])

  test.each<[string, () => RDD<unknown>]>([
    [
      'the function of a reduction, inside a partition',
      () => named(doubled(), 'reduceByKey-3').reduceByKey(broken),
    ],
    [
      'the function of a reduction, between partitions',
      () =>
        named(
          doubled()
            .union(doubled().filter(() => false))
            .union(pairs()),
          'reduceByKey-3',
        ).reduceByKey((a, b) => (b === 2 ? a : broken())),
    ],
    [
      'a step behind a reduction',
      () =>
        named(
          pairs().reduceByKey((a) => a),
          'reduceByKey-3',
        ).map(broken),
    ],
    ['mapPartitions', () => named(pairs(), 'reduceByKey-3').mapPartitions(broken)],
    [
      'mapPartitions, late',
      () =>
        named(pairs(), 'reduceByKey-3').mapPartitions(function* () {
          yield 1
          broken()
        }),
    ],
    [
      'mapPartitions, async',
      () => named(pairs(), 'reduceByKey-3').mapPartitions(async () => broken()),
    ],
  ])('%s', async (_, make) => {
    await expect(make().collect()).rejects.toMatchObject({
      code: 'USER_FUNCTION_FAILED',
      message: expect.stringMatching(/reduceByKey-3[^]*TypeError: broken/) as string,
    })
  })

  test('an error of Millrace in a reduction stays what it is', async () => {
    const { rdd } = fromSource(numbersTo(20))
    const poisoned = rdd.map(broken).mapToPair((n) => [n, 1] as [number, number])
    await expect(poisoned.reduceByKey((a, b) => a + b).collect()).rejects.toMatchObject({
      code: 'POISON_BREAKER',
    })
  })

  test('a failure in the sink is not blamed on a record', async () => {
    const { rdd, aside } = fromSource([1, 1, 2])
    await expect(
      rdd
        .mapToPair((n) => [n, 1])
        .reduceByKey(broken)
        .collect(),
    ).rejects.toMatchObject({ code: 'USER_FUNCTION_FAILED' })
    expect(aside.size).toBe(0)
  })
})
