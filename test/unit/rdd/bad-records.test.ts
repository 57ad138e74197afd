import { describe, expect, test } from 'vitest'
import type { BadRecord, Origin } from '../../../lib/rdd/bad-records.ts'
import { parallelize } from '../../../lib/rdd/parallelize.ts'
import { rddOfPartitions, type RDD } from '../../../lib/rdd/rdd.ts'

/** An RDD of records from a source, and the rejected ones by their index. */
const fromSource = <T>(
  records: readonly T[],
  settings: Pick<Origin, 'limits' | 'unreadable'> = {},
): { readonly rdd: RDD<T>; readonly aside: Map<number, BadRecord> } => {
  const aside = new Map<number, BadRecord>()
  const origin = {
    description: 'lane 0 of lines',
    ...settings,
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

/** Chains of steps with a function that throws on 3 and 5, each at another step. */
const chains: readonly (readonly [string, (rdd: RDD<number>) => RDD<number>])[] = [
  ['map', (rdd) => rdd.map(throwOn(3, 5))],
  ['map after a map', (rdd) => rdd.map((n) => n).map(throwOn(3, 5))],
  ['filter', (rdd) => rdd.filter((n) => throwOn(3, 5)(n) >= 0)],
  ['flatMap', (rdd) => rdd.flatMap((n) => [throwOn(3, 5)(n)])],
  [
    'a step after a flatMap that has already given an element',
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
    'flatMap whose result is not iterable',
    (rdd) => rdd.flatMap((n) => (n === 3 || n === 5 ? (undefined as unknown as number[]) : [n])),
  ],
  ['mapToPair', (rdd) => rdd.mapToPair((n) => [throwOn(3, 5)(n), 1]).map(([n]) => n)],
]

describe.each(chains)('a record for which %s throws', (_, steps) => {
  test('is rejected, and no other record is', async () => {
    const { rdd, aside } = fromSource(numbersTo(10))
    expect(await steps(rdd).collect()).toEqual([0, 1, 2, 4, 6, 7, 8, 9])
    expect([...aside].map(([index, bad]) => [index, bad.record])).toEqual([
      [3, 3],
      [5, 5],
    ])
  })

  test('is in the result of no action', async () => {
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

  test('fails the batch if it does not come directly from a source', async () => {
    const failure = {
      code: 'USER_FUNCTION_FAILED',
      message: expect.stringMatching(/given: +\[?3/) as string,
    }
    await expect(steps(parallelize(numbersTo(10))).collect()).rejects.toMatchObject(failure)
    const afterShuffle = parallelize(numbersTo(10))
      .mapToPair((n) => [n, n])
      .reduceByKey((a) => a)
      .map(([n]) => n)
    await expect(steps(afterShuffle).collect()).rejects.toMatchObject(failure)
  })
})

test('a bad record names the operator that threw, and has its error', async () => {
  const { rdd, aside } = fromSource([1, 2])
  await rdd
    .within({ write: async () => undefined }, 'map-7')
    .map(throwOn(2))
    .collect()
  expect([...aside.values()]).toEqual([
    { index: 1, record: 2, label: 'map-7', error: new RangeError('bad 2') },
  ])
})

test('each evaluation of a partition rejects the same records', async () => {
  const { rdd, aside } = fromSource(numbersTo(10))
  const bad = rdd.map(throwOn(4))
  await bad.collect()
  await bad.count()
  expect([...aside.keys()]).toEqual([4])
})

describe('too many bad records mean that the code is broken', () => {
  const strict = { records: 10, share: 0.01 }
  test.each([
    // records, unreadable ones, bad records, limits, whether they are rejected one by one
    [100, 0, 100, undefined, true],
    [101, 0, 101, undefined, false],
    [202, 0, 101, undefined, true],
    [201, 0, 101, undefined, false],
    [1_000, 0, 500, undefined, true],
    [1_000, 0, 501, undefined, false],
    [60, 60, 60, undefined, false],
    [200, 50, 60, undefined, true],
    [1_000, 100, 500, undefined, false],
    [10, 0, 10, strict, true],
    [11, 0, 11, strict, false],
    [2_000, 0, 20, strict, true],
    [2_000, 0, 21, strict, false],
    [100, 0, 1, { records: 0, share: 0 }, false],
    [1_000, 0, 1_000, { records: 0, share: 1 }, true],
  ])(
    'of %i records, beside %i unreadable ones, %i are bad with the limits %j: put aside: %s',
    async (records, unreadable, bad, limits, canBePutAside) => {
      const { rdd, aside } = fromSource(numbersTo(records), {
        unreadable,
        ...(limits === undefined ? {} : { limits }),
      })
      const collected = rdd
        .map((n) => {
          if (n < bad) throw new Error('bad')
          return n
        })
        .collect()
      if (!canBePutAside) {
        await expect(collected).rejects.toMatchObject({
          code: 'POISON_BREAKER',
          message: expect.stringContaining('lane 0 of lines') as string,
        })
        return expect(aside.size).toBe(0)
      }
      expect(await collected).toHaveLength(records - bad)
      return expect(aside.size).toBe(bad)
    },
  )

  test('records of the source are counted, not what a kept RDD has made of them', async () => {
    const { rdd } = fromSource(numbersTo(150))
    const kept = rdd.flatMap((n) => numbersTo(10).map(() => n)).cache()
    expect(await kept.count()).toBe(1_500)
    const bad = kept.map((n) => throwOn(...numbersTo(150))(n)).collect()
    await expect(bad).rejects.toMatchObject({ code: 'POISON_BREAKER' })
  })

  test('also when a record is bad only in a later evaluation', async () => {
    const { rdd, aside } = fromSource([0], { limits: { records: 0, share: 0 } })
    let calls = 0
    const bad = rdd.map((n) => {
      calls += 1
      // The evaluation, the trial of each record, and the evaluation without the bad ones.
      if (calls !== 2) throw new Error('bad')
      return n
    })
    await expect(bad.collect()).rejects.toMatchObject({ code: 'POISON_BREAKER' })
    expect([calls, aside.size]).toEqual([3, 0])
  })

  test('each partition is counted on its own', async () => {
    const { rdd } = fromSource(numbersTo(10))
    const bad = rdd.map(throwOn(...numbersTo(10)))
    expect(await bad.union(bad).union(bad).collect()).toEqual([])
  })
})

test.each<[string, unknown]>([
  ['PAIR_INVALID', 1],
  ['KEY_UNSUPPORTED', [new Map(), 1]],
])('where no record can be put aside, the error says what is wrong: %s', async (code, element) => {
  const elements = parallelize([element]) as RDD<[string, number]>
  await expect(elements.reduceByKey((a, b) => a + b).collect()).rejects.toMatchObject({ code })
})

describe('an error after the source stage names its operator', () => {
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
      'a step after a reduction',
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

  test('an error of Millrace in a reduction is not wrapped', async () => {
    const { rdd } = fromSource(numbersTo(101))
    const poisoned = rdd.map(broken).mapToPair((n) => [n, 1] as [number, number])
    await expect(poisoned.reduceByKey((a, b) => a + b).collect()).rejects.toMatchObject({
      code: 'POISON_BREAKER',
    })
  })
})
