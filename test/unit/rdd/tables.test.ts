/**
 * Operations on datasets: what goes in, what comes out. Each transformation runs over one partition
 * and over three, and gives the same elements.
 */
import { MillraceError, parallelize, type RDD } from 'millrace'
import { describe, expect, test } from 'vitest'

type Make = (partitions: number) => RDD<unknown>

const pairs: (readonly [string, number])[] = [
  ['b', 3],
  ['a', 1],
  ['a', 2],
]
const of = <T>(elements: readonly T[], partitions: number): RDD<T> =>
  parallelize(elements, { partitions })
const inPairs = (partitions: number): RDD<[string, number]> =>
  of(pairs, partitions) as RDD<[string, number]>
const others = (partitions: number): RDD<[string, string]> =>
  of<[string, string]>(
    [
      ['a', 'x'],
      ['c', 'y'],
    ],
    partitions,
  )

const transformations: readonly (readonly [
  name: string,
  make: Make,
  elements: readonly unknown[],
])[] = [
  [
    'flatMapValues',
    (p) =>
      inPairs(p)
        .flatMapValues((n) => Array<number>(n).fill(n))
        .values(),
    [3, 3, 3, 1, 2, 2],
  ],
  [
    'keyBy',
    (p) => of(['to', 'be', 'not'], p).keyBy((word) => word.length),
    [
      [2, 'to'],
      [2, 'be'],
      [3, 'not'],
    ],
  ],
  ['keys', (p) => inPairs(p).keys(), ['b', 'a', 'a']],
  ['values', (p) => inPairs(p).values(), [3, 1, 2]],
  [
    'groupBy',
    (p) => of([1, 2, 3, 4], p).groupBy((n) => n % 2 === 0),
    [
      [false, [1, 3]],
      [true, [2, 4]],
    ],
  ],
  [
    'combineByKey',
    (p) =>
      inPairs(p).combineByKey(
        String,
        (all, n) => `${all},${n}`,
        (a, b) => `${a},${b}`,
      ),
    [
      ['a', '1,2'],
      ['b', '3'],
    ],
  ],
  [
    'aggregateByKey',
    (p) =>
      inPairs(p).aggregateByKey(
        (): number[] => [],
        (all, n) => [...all, n],
        (a, b) => [...a, ...b],
      ),
    [
      ['a', [1, 2]],
      ['b', [3]],
    ],
  ],
  [
    'foldByKey',
    (p) => inPairs(p).foldByKey(0, (a, b) => a + b),
    [
      ['a', 3],
      ['b', 3],
    ],
  ],
  [
    'cogroup',
    (p) => inPairs(p).cogroup(others(p)),
    [
      ['a', [[1, 2], ['x']]],
      ['b', [[3], []]],
      ['c', [[], ['y']]],
    ],
  ],
  [
    'join',
    (p) => inPairs(p).join(others(p)),
    [
      ['a', [1, 'x']],
      ['a', [2, 'x']],
    ],
  ],
  [
    'leftOuterJoin',
    (p) => inPairs(p).leftOuterJoin(others(p)),
    [
      ['a', [1, 'x']],
      ['a', [2, 'x']],
      ['b', [3, undefined]],
    ],
  ],
  [
    'rightOuterJoin',
    (p) => inPairs(p).rightOuterJoin(others(p)),
    [
      ['a', [1, 'x']],
      ['a', [2, 'x']],
      ['c', [undefined, 'y']],
    ],
  ],
  [
    'fullOuterJoin',
    (p) => inPairs(p).fullOuterJoin(others(p)),
    [
      ['a', [1, 'x']],
      ['a', [2, 'x']],
      ['b', [3, undefined]],
      ['c', [undefined, 'y']],
    ],
  ],
  [
    'a join on null and on keys that are arrays',
    (p) =>
      of<[unknown, number]>(
        [
          [null, 1],
          [[1], 2],
          ['1', 3],
        ],
        p,
      ).join(
        of<[unknown, number]>(
          [
            [[1], 4],
            [null, 5],
            [1, 6],
          ],
          p,
        ),
      ),
    [
      [null, [1, 5]],
      [[1], [2, 4]],
    ],
  ],
  ['subtractByKey', (p) => inPairs(p).subtractByKey(others(p)), [['b', 3]]],
  ['distinct', (p) => of([3, 1, 3, [1], [1]], p).distinct(), [1, 3, [1]]],
  ['subtract', (p) => of([3, 1, 1, 2], p).subtract(of([2, 5], p)), [1, 1, 3]],
  ['intersection', (p) => of([3, 1, 1, 2], p).intersection(of([1, 3, 3, 4], p)), [1, 3]],
  [
    'zip',
    (p) => of([1, 2, 3], p).zip(of(['a', 'b', 'c'], p)),
    [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ],
  ],
  [
    'zipWithIndex',
    (p) => of(['a', 'b', 'c'], p).zipWithIndex(),
    [
      ['a', 0],
      ['b', 1],
      ['c', 2],
    ],
  ],
  [
    'sortBy',
    (p) => of(['not', 'to', 'be', 'a'], p).sortBy((word) => word.length),
    ['a', 'to', 'be', 'not'],
  ],
  [
    'sortBy, descending',
    (p) => of(['not', 'to', 'be', 'a'], p).sortBy((word) => word.length, { ascending: false }),
    ['not', 'to', 'be', 'a'],
  ],
  [
    'sortByKey',
    (p) => inPairs(p).sortByKey(),
    [
      ['a', 1],
      ['a', 2],
      ['b', 3],
    ],
  ],
  [
    'sorting numbers, with NaN last',
    (p) => of([10, Number.NaN, 9, -1, 2n], p).sortBy((n) => n),
    [-1, 2n, 9, 10, Number.NaN],
  ],
  [
    'sorting dates by time',
    (p) =>
      of([1e12, 5, -5], p)
        .map((n) => new Date(n))
        .sortBy((date) => date),
    [new Date(-5), new Date(5), new Date(1e12)],
  ],
  [
    'sorting arrays by their elements',
    (p) => of([[2], [10, 1], [10]], p).sortBy((n) => n),
    [[2], [10], [10, 1]],
  ],
  [
    'sorting values of different kinds',
    (p) => of<unknown>([[1], 'b', 3, null, true], p).sortBy((x) => x),
    [null, true, 3, 'b', [1]],
  ],
  ['union of several', (p) => of([1], p).union(of([2], p), of([1], p)), [1, 2, 1]],
  ['coalesce', (p) => of([1, 2, 3, 4], p).coalesce(2), [1, 2, 3, 4]],
  [
    'cache',
    (p) =>
      of([1, 2], p)
        .map((n) => n + 1)
        .cache(),
    [2, 3],
  ],
]

describe.each([1, 3])('over %i partitions', (partitions) => {
  test.each(transformations)('%s', async (_, make, elements) => {
    expect(await make(partitions).collect()).toEqual(elements)
  })
})

const numbers = of([4, 1, 3, 2], 3)

const actions: readonly (readonly [name: string, act: () => Promise<unknown>, result: unknown])[] =
  [
    ['first', () => numbers.first(), 4],
    ['top', () => numbers.top(2), [4, 3]],
    ['top by a comparison', () => numbers.top(2, (a, b) => b - a), [1, 2]],
    ['takeOrdered', () => numbers.takeOrdered(3), [1, 2, 3]],
    ['takeOrdered of too many', () => numbers.takeOrdered(9), [1, 2, 3, 4]],
    ['takeOrdered of none', () => numbers.takeOrdered(0), []],
    ['max', () => numbers.max(), 4],
    ['min', () => numbers.min(), 1],
    ['max of words', () => of(['b', 'aa'], 2).max((a, b) => a.length - b.length), 'aa'],
    ['fold', () => numbers.fold(0, (a, b) => a + b), 10],
    [
      'fold begins with zero in each partition, and once more',
      () => numbers.fold(100, (a, b) => a + b),
      410,
    ],
    [
      'aggregate',
      () =>
        numbers.aggregate(
          () => '',
          (text, n) => text + String(n),
          (a, b) => a + b,
        ),
      '4132',
    ],
    ['treeReduce', () => numbers.treeReduce((a, b) => a + b), 10],
    ['lookup', () => inPairs(2).lookup('a'), [1, 2]],
    ['lookup of a key that is not there', () => inPairs(2).lookup('z'), []],
    [
      'countByKey',
      () => inPairs(2).countByKey(),
      new Map([
        ['a', 2],
        ['b', 1],
      ]),
    ],
    [
      'countByValue',
      () => of(['to', 'be', 'to'], 2).countByValue(),
      new Map([
        ['be', 1],
        ['to', 2],
      ]),
    ],
    [
      'collectAsMap takes the last',
      () => inPairs(2).collectAsMap(),
      new Map([
        ['a', 2],
        ['b', 3],
      ]),
    ],
    ['sum', () => numbers.sum(), 10],
    ['sum of none', () => of<number>([], 2).sum(), 0],
    ['mean', () => numbers.mean(), 2.5],
    ['mean of none', () => of<number>([], 2).mean(), Number.NaN],
    ['variance', () => numbers.variance(), 1.25],
    ['stdev', () => of([2, 4], 2).stdev(), 1],
    ['histogram', () => numbers.histogram(2), { buckets: [1, 2.5, 4], counts: [2, 2] }],
    [
      'histogram of equal numbers',
      () => of([7, 7], 2).histogram(3),
      { buckets: [7, 7], counts: [2] },
    ],
    [
      'histogram with bounds',
      () => of([0, 1, 5, 10, 11, -1], 2).histogram([0, 5, 10]),
      { buckets: [0, 5, 10], counts: [2, 2] },
    ],
    [
      'stats',
      () => numbers.stats(),
      expect.objectContaining({
        count: 4,
        sum: 10,
        min: 1,
        max: 4,
        mean: 2.5,
        sampleVariance: 5 / 3,
      }),
    ],
    [
      'stats of none',
      () => of<number>([], 1).stats(),
      expect.objectContaining({
        count: 0,
        sum: 0,
        min: Infinity,
        max: -Infinity,
        mean: Number.NaN,
      }),
    ],
    [
      'partitions of a sort hold ranges',
      () =>
        of([1, 2, 2, 2, 3], 1)
          .sortBy((n) => n, { partitions: 3 })
          .glom()
          .collect(),
      [[1], [2, 2, 2], [3]],
    ],
    [
      'repartition deals out',
      () => of([1, 2, 3, 4, 5], 1).repartition(2).glom().collect(),
      [
        [1, 3, 5],
        [2, 4],
      ],
    ],
    [
      'coalesce puts neighbours together',
      () => of([1, 2, 3], 3).coalesce(2).glom().collect(),
      [[1], [2, 3]],
    ],
    [
      'coalesce to more changes nothing',
      async () => of([1, 2], 2).coalesce(9).getNumPartitions(),
      2,
    ],
    [
      'partitionBy',
      () =>
        inPairs(1)
          .partitionBy(3, (key) => key.charCodeAt(0) - 97)
          .glom()
          .collect(),
      [
        [
          ['a', 1],
          ['a', 2],
        ],
        [['b', 3]],
        [],
      ],
    ],
    [
      'cartesian',
      () =>
        of([1, 2], 1)
          .cartesian(of(['a', 'b'], 1))
          .collect(),
      [
        [1, 'a'],
        [1, 'b'],
        [2, 'a'],
        [2, 'b'],
      ],
    ],
    [
      'mapPartitionsWithIndex',
      () =>
        of([1, 2, 3], 2)
          .mapPartitionsWithIndex((part, index) => [[index, ...part]])
          .collect(),
      [
        [0, 1],
        [1, 2, 3],
      ],
    ],
  ]

test.each(actions)('%s', async (_, act, result) => {
  expect(await act()).toEqual(result)
})

const empty = of<number>([], 1)

test.each<[string, () => unknown, RegExp]>([
  ['first of none', () => empty.first(), /first\(\) of an empty/],
  ['max of none', () => empty.max(), /max\(\) of an empty/],
  ['treeReduce of none', () => empty.treeReduce((a) => a), /reduce\(\) of an empty/],
  [
    'zip of other partitions',
    async () => of([1, 2], 2).zip(of([1, 2], 1)),
    /same number of partitions/,
  ],
  [
    'zip of other lengths',
    () =>
      of([1, 2], 1)
        .zip(of([1], 1))
        .collect(),
    /same number of elements/,
  ],
  ['no partitions', async () => empty.repartition(0), /needs at least one partition/],
  ['a fraction above 1', async () => empty.sample(1.5, { seed: 1 }), /needs a fraction/],
  [
    'a sample without a seed',
    async () => empty.sample(0.5, { seed: undefined as unknown as number }),
    /needs a seed/,
  ],
  ['half an element', () => empty.takeSample(0.5, { seed: 1 }), /needs a number/],
  ['weights of nothing', async () => empty.randomSplit([0], { seed: 1 }), /needs weights/],
  ['one bound', () => empty.histogram([1]), /needs ascending bounds/],
  ['falling bounds', () => empty.histogram([1, 0]), /needs ascending bounds/],
  ['buckets of no numbers', () => empty.histogram(2), /histogram\(\) of an empty/],
  ['buckets without an end', () => of([1, Infinity], 1).histogram(2), /finite/],
])('%s is refused', async (_, act, message) => {
  await expect((async () => act())()).rejects.toThrow(
    expect.objectContaining({
      code: 'ARGUMENT_INVALID',
      message: expect.stringMatching(message) as string,
    }),
  )
})

test('partitionBy refuses a partition that is none', async () => {
  await expect(
    inPairs(1)
      .partitionBy(2, () => 2)
      .collect(),
  ).rejects.toThrow(MillraceError)
})

describe('chance follows from the seed', () => {
  const many = of(
    Array.from({ length: 1_000 }, (_, n) => n),
    4,
  )

  test('a sample is about as large as its fraction, in order, and the same again', async () => {
    const sample = await many.sample(0.3, { seed: 7 }).collect()
    expect(sample.length).toBeGreaterThan(200)
    expect(sample.length).toBeLessThan(400)
    expect(sample).toEqual(sample.toSorted((a, b) => a - b))
    expect(await many.sample(0.3, { seed: 7 }).collect()).toEqual(sample)
    expect(await many.sample(0.3, { seed: 8 }).collect()).not.toEqual(sample)
  })

  test('with replacement, elements come several times', async () => {
    const sample = await many.sample(2, { seed: 7, withReplacement: true }).collect()
    expect(sample.length).toBeGreaterThan(1_700)
    expect(new Set(sample).size).toBeLessThan(1_000)
  })

  test('takeSample gives so many, each once', async () => {
    const sample = await many.takeSample(50, { seed: 7 })
    expect(new Set(sample).size).toBe(50)
    expect(await many.takeSample(5_000, { seed: 7 })).toHaveLength(1_000)
    expect(await many.takeSample(1_500, { seed: 7, withReplacement: true })).toHaveLength(1_500)
  })

  test('a split deals out all elements, none twice', async () => {
    const parts = await Promise.all(
      many.randomSplit([3, 1], { seed: 7 }).map((part) => part.collect()),
    )
    expect(parts.flat().toSorted((a, b) => a - b)).toEqual(await many.collect())
    expect(parts[0]?.length).toBeGreaterThan(650)
  })
})

test('a cached dataset is computed once, until it is given back', async () => {
  let calls = 0
  const counted = of([1, 2], 2).map((n) => {
    calls += 1
    return n
  })
  const children = [counted.filter(Boolean), counted.cache().map(String)]
  for (const child of children) await child.collect()
  expect(calls).toBe(2)
  counted.unpersist()
  await counted.count()
  expect(calls).toBe(4)
})
