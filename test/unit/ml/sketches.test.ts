import { type DStream, seconds, stream } from 'millrace'
import { countMin, frequentItems, hyperLogLog, type Sketch, tDigest } from 'millrace/ml'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { decode, encode } from '../../../lib/base/codec.ts'
import { seededRandom } from '../../../lib/base/seeded.ts'
import { murmur3 } from '../../../lib/ml/random/murmur3.ts'

const random = seededRandom(11)
const whole = (below: number): number => Math.floor(random() * below)

/** Few values are frequent, many are rare. */
const skewed = (length: number): readonly number[] =>
  Array.from({ length }, () => Math.floor(2 ** (random() * 12)))

const sketchOf = <V, S>(sketch: Sketch<V, S>, values: readonly V[]): S =>
  values.reduce(sketch.add, sketch.empty())

/** Sketches of parts, merged one after the other. */
const mergedOf = <V, S>(sketch: Sketch<V, S>, values: readonly V[], parts: number): S =>
  Array.from({ length: parts }, (_, part) =>
    sketchOf(
      sketch,
      values.filter((__, at) => at % parts === part),
    ),
  ).reduce(sketch.merge)

type AnySketch = Sketch<never, unknown>

const anySketch = (sketch: object): AnySketch => sketch as AnySketch

/** Those whose values may come in any order. */
const EXACT: readonly (readonly [name: string, AnySketch])[] = [
  ['hyperLogLog', anySketch(hyperLogLog({ precision: 8 }))],
  ['countMin', anySketch(countMin({ error: 0.05, confidence: 0.9 }))],
]

const SKETCHES: typeof EXACT = [
  ...EXACT,
  ['tDigest', anySketch(tDigest({ compression: 20 }))],
  ['frequentItems', anySketch(frequentItems<number>({ capacity: 20 }))],
]

const VALUES = skewed(3_000) as never[]

describe.each(SKETCHES)('a sketch of %s', (_, sketch) => {
  test('is plain data that the store gives back', () => {
    for (const size of [0, 1, 10, 3_000]) {
      const made = sketchOf(sketch, VALUES.slice(0, size))
      expect(decode(encode(made))).toEqual(made)
    }
  })

  test('merges to the same in either order, and changes neither', () => {
    for (const size of [0, 3, 40, 2_500]) {
      const [a, b] = [VALUES.slice(0, size), VALUES.slice(size)].map((part) =>
        sketchOf(sketch, part),
      )
      const before = encode([a, b])
      const bytes = encode(sketch.merge(a, b))
      expect(encode(sketch.merge(b, a))).toEqual(bytes)
      expect(encode([a, b])).toEqual(before)
    }
  })

  test('does not grow with the number of values', () => {
    const [some, many] = [3_000, 30_000].map((length) =>
      encode(mergedOf(sketch, skewed(length) as never[], 3)),
    )
    expect(many?.byteLength).toBeLessThan(3 * (some?.byteLength ?? 0))
  })
})

test.each(EXACT)('%s is the same in whatever partitions and order values come', (_, sketch) => {
  const alone = encode(sketchOf(sketch, VALUES))
  for (const parts of [2, 5, 40]) expect(encode(mergedOf(sketch, VALUES, parts))).toEqual(alone)
  expect(encode(sketchOf(sketch, VALUES.toReversed()))).toEqual(alone)
})

describe('errors are within their bounds', () => {
  test.each([1, 10, 500, 3_000, 30_000])('of %i distinct values', (distinct) => {
    // Four of five standard errors: random, but from a seed.
    for (const precision of [10, 12]) {
      const users = hyperLogLog({ precision })
      const ids = Array.from({ length: distinct }, () => whole(2 ** 40))
      const count = users.count(sketchOf(users, ids))
      const exact = new Set(ids).size
      expect(Math.abs(count - exact)).toBeLessThanOrEqual(
        (4 * 1.04 * exact) / Math.sqrt(2 ** precision),
      )
    }
  })

  test('of counts', () => {
    const values = skewed(20_000)
    const often = countMin({ error: 0.01, confidence: 0.99 })
    const sketch = mergedOf(often, values, 5)
    const exact = Map.groupBy(values, (value) => value)
    const errors = [...exact].map(([value, all]) => often.estimate(sketch, value) - all.length)
    expect(Math.min(...errors)).toBeGreaterThanOrEqual(0)
    const wrong = errors.filter((error) => error > 0.01 * values.length).length
    expect(wrong).toBeLessThanOrEqual(0.01 * errors.length)
    expect(sketch.total).toBe(values.length)
  })

  test('of frequent items', () => {
    const values = skewed(20_000)
    const exact = Map.groupBy(values, (value) => value)
    for (const [capacity, parts] of [
      [10, 1],
      [50, 4],
      [200, 30],
      [10_000, 3],
    ] as const) {
      const items = frequentItems<number>({ capacity })
      const sketch = mergedOf(items, values, parts)
      expect(sketch.missed).toBeLessThanOrEqual(values.length / (capacity + 1))
      const found = new Map(items.top(sketch, capacity).map(({ item, count }) => [item, count]))
      for (const [item, { length }] of exact) {
        expect(found.get(item) ?? 0).toBeLessThanOrEqual(length)
        expect(found.get(item) ?? 0).toBeGreaterThanOrEqual(length - sketch.missed)
      }
    }
  })

  let grown = 0
  test.each<[string, () => number]>([
    ['even numbers', random],
    ['numbers over many magnitudes', () => Math.exp(20 * random())],
    ['few numbers', () => whole(5)],
    ['numbers that grow', () => (grown += 1)],
  ])('of quantiles of %s', (_, draw) => {
    const numbers = Array.from({ length: 20_000 }, draw)
    const sorted = numbers.toSorted((a, b) => a - b)
    const times = tDigest()
    for (const sketch of [sketchOf(times, numbers), mergedOf(times, numbers, 6)]) {
      expect(times.count(sketch)).toBe(numbers.length)
      expect(sketch.means.length).toBeLessThanOrEqual(100)
      for (const part of [0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
        const value = times.quantile(sketch, part)
        const below = sorted.filter((one) => one < value).length / sorted.length
        const upTo = sorted.filter((one) => one <= value).length / sorted.length
        const most = (Math.PI * Math.sqrt(part * (1 - part))) / 100 + 1 / sorted.length
        expect(below - most).toBeLessThanOrEqual(part)
        expect(upTo + most).toBeGreaterThanOrEqual(part)
      }
      expect([0, 1].map((part) => times.quantile(sketch, part))).toEqual([sorted[0], sorted.at(-1)])
    }
  })

  test('of ranks: they go back to quantiles', () => {
    const times = tDigest()
    const sketch = sketchOf(times, Array.from({ length: 5_000 }, random))
    for (const part of [0.01, 0.3, 0.77])
      expect(times.rank(sketch, times.quantile(sketch, part))).toBeCloseTo(part, 10)
    expect([-1, 2].map((value) => times.rank(sketch, value))).toEqual([0, 1])
    expect(times.quantile(times.empty(), 0.5)).toBeNaN()
  })
})

test('quantiles rise, also of what was merged into nothing and stored between', () => {
  const times = tDigest({ compression: 20 })
  let merged = times.empty()
  for (let part = 0; part < 20; part++) {
    const draw = (): number => (part % 3 === 0 ? whole(10) : random() * 100)
    const made = sketchOf(times, Array.from({ length: 1 + 60 * part }, draw))
    merged = decode(encode(times.merge(merged, made))) as typeof merged
    const line = Array.from({ length: 101 }, (_, at) => times.quantile(merged, at / 100))
    expect(line).toEqual(line.toSorted((a, b) => a - b))
  }
})

test('hashes are those that are stored', () => {
  // The first three are known values of MurmurHash3.
  expect([murmur3('', 1), murmur3('test', 0), murmur3('Hello, world!', 0x9747b28c)]).toEqual(
    [0x514e28b7, 0xba6bd213, 0x24884cba].map((hash) => hash | 0),
  )
  expect(hyperLogLog({ precision: 18 }).of('a')).toEqual({ precision: 18, few: [10_045_444] })
  expect(countMin({ error: 0.9, confidence: 0.9 }).of(['b', 7]).counts.join('')).toBe(
    '001000100010',
  )
})

test('values are the same if they are equal as keys', () => {
  const users = hyperLogLog()
  const values = ['1', 1, 1n, true, null, [1], { a: 1, b: 2 }, { b: 2, a: 1 }, [1], 0, -0, '']
  const distinct = 9
  expect(users.count(sketchOf(users, values))).toBe(distinct)
})

describe('in a pipeline', () => {
  type Pairs = DStream<[string, number]>
  const users = hyperLogLog({ precision: 6 })
  const times = tDigest({ compression: 20 })
  const often = countMin({ error: 0.1, confidence: 0.9 })
  const items = frequentItems<number>({ capacity: 5 })
  const all = <S>(sketch: Sketch<number, S>) => ({
    reduced: (pairs: Pairs): DStream<unknown> =>
      pairs.mapValues(sketch.of).reduceByKey(sketch.merge),
    combined: (pairs: Pairs): DStream<unknown> =>
      pairs.combineByKey<never>(sketch.of as never, sketch.add as never, sketch.merge as never),
    'a window': (pairs: Pairs): DStream<unknown> =>
      pairs.mapValues(sketch.of).reduceByKeyAndWindow(sketch.merge, seconds(3)),
    'a state': (pairs: Pairs): DStream<unknown> =>
      pairs.updateStateByKey<never>(((values: readonly number[], before = sketch.empty()) =>
        values.reduce(sketch.add, before)) as never),
  })
  const rows = Object.entries({ users, times, often, items }).flatMap(([name, sketch]) =>
    Object.entries(all<never>(sketch as never)).map(([how, make]) => [name, how, make] as const),
  )

  const run = async (make: (pairs: Pairs) => DStream<unknown>, restarts: boolean) => {
    const draw = seededRandom(3)
    const app = await testStream(
      stream('sketches', { batchInterval: seconds(1), whenIdle: 'tick' }, (ssc) => {
        const pairs = ssc
          .kinesisTextStream('in')
          .mapToPair((line): [string, number] => [line.slice(0, 1), Number(line.slice(1))])
        make(pairs).foreachRDD(() => undefined)
      }),
    )
    for (const size of [120, 0, 1, 90, 0]) {
      const lines = Array.from(
        { length: size },
        () => `ab`[Math.floor(draw() * 2)] + `${Math.floor(draw() * 40)}`,
      )
      if (size > 0) app.input('in').add(...lines)
      await app.advance(seconds(1))
      if (restarts) await app.restart()
    }
    return app.output('foreachRDD-1').elements
  }

  test.each(rows)('%s, %s: the same warm and cold', async (_, __, make) => {
    const warm = await run(make, false)
    expect(warm.flat().length).toBeGreaterThan(3)
    expect(await run(make, true)).toEqual(warm)
  })
})

describe('is refused', () => {
  const rows: readonly (readonly [what: string, () => unknown, message: string])[] = [
    ['a precision of 3', () => hyperLogLog({ precision: 3 }), '4 to 18'],
    ['an error of 0', () => countMin({ error: 0 }), 'above 0 and below 1'],
    ['a confidence of 1', () => countMin({ confidence: 1 }), 'above 0 and below 1'],
    ['a compression of 5', () => tDigest({ compression: 5 }), '20 to 10000'],
    ['a capacity of 0', () => frequentItems({ capacity: 0 }), '1 or more'],
    ['NaN', () => tDigest().of(NaN), 'finite numbers'],
    [
      'another precision',
      () => hyperLogLog().merge(hyperLogLog().empty(), hyperLogLog({ precision: 9 }).empty()),
      'other options',
    ],
    [
      'a count of another precision',
      () => hyperLogLog().count(hyperLogLog({ precision: 9 }).empty()),
      'other options',
    ],
    ['another width', () => countMin().add(countMin({ error: 0.5 }).empty(), 1), 'other options'],
    [
      'another compression',
      () => tDigest().quantile(tDigest({ compression: 50 }).empty(), 0),
      'other options',
    ],
    [
      'another capacity',
      () => frequentItems().add(frequentItems({ capacity: 2 }).empty(), 1),
      'other options',
    ],
  ]
  test.each(rows)('%s', (_, act, message) => expect(act).toThrow(message))
})
