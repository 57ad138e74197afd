import { parallelize } from '../../../lib/rdd/parallelize.ts'
/** Each action gives the expected value. */
import { expect, test } from 'vitest'
import { inPairs, of } from './rdds.ts'

const numbers = of([4, 1, 3, 2], 3)

const actions: readonly (readonly [name: string, act: () => Promise<unknown>, result: unknown])[] =
  [
    ['first', () => numbers.first(), 4],
    ['top', () => numbers.top(2), [4, 3]],
    ['top by a comparison', () => numbers.top(2, (a, b) => b - a), [1, 2]],
    ['takeOrdered', () => numbers.takeOrdered(3), [1, 2, 3]],
    ['takeOrdered of more than there are', () => numbers.takeOrdered(9), [1, 2, 3, 4]],
    ['takeOrdered of 0', () => numbers.takeOrdered(0), []],
    ['max', () => numbers.max(), 4],
    ['min', () => numbers.min(), 1],
    ['max by a comparison', () => of(['b', 'aa'], 2).max((a, b) => a.length - b.length), 'aa'],
    ['fold', () => numbers.fold(0, (a, b) => a + b), 10],
    [
      'fold starts with zero in each partition, and once more to merge them',
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
    ['lookup of a missing key', () => inPairs(2).lookup('z'), []],
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
      'collectAsMap takes the last value of a key',
      () => inPairs(2).collectAsMap(),
      new Map([
        ['a', 2],
        ['b', 3],
      ]),
    ],
    ['sum', () => numbers.sum(), 10],
    ['sum of no numbers', () => of<number>([], 2).sum(), 0],
    ['mean', () => numbers.mean(), 2.5],
    ['mean of no numbers', () => of<number>([], 2).mean(), 0],
    ['variance', () => numbers.variance(), 1.25],
    ['stdev', () => of([2, 4], 2).stdev(), 1],
    ['histogram', () => numbers.histogram(2), { buckets: [1, 2.5, 4], counts: [2, 2] }],
    [
      'histogram of equal numbers',
      () => of([7, 7], 2).histogram(3),
      { buckets: [7, 7], counts: [2] },
    ],
    [
      'histogram with given bounds',
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
      'stats of no numbers',
      () => of<number>([], 1).stats(),
      expect.objectContaining({
        count: 0,
        sum: 0,
        min: Infinity,
        max: -Infinity,
        mean: 0,
      }),
    ],
    [
      'sortBy gives each partition a range',
      () =>
        of([1, 2, 2, 2, 3], 1)
          .sortBy((n) => n, { partitions: 3 })
          .glom()
          .collect(),
      [[1], [2, 2, 2], [3]],
    ],
    [
      'repartition distributes elements one after the other',
      () => of([1, 2, 3, 4, 5], 1).repartition(2).glom().collect(),
      [
        [1, 3, 5],
        [2, 4],
      ],
    ],
    [
      'coalesce joins neighbouring partitions',
      () => of([1, 2, 3], 3).coalesce(2).glom().collect(),
      [[1], [2, 3]],
    ],
    [
      'coalesce to more partitions changes nothing',
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

test('take and top of more elements than arguments fit on the stack', async () => {
  const many = Array.from({ length: 200_000 }, (_, n) => n)
  const rdd = parallelize(many, { partitions: 3 })
  expect((await rdd.take(many.length)).length).toBe(many.length)
  expect((await rdd.takeOrdered(many.length)).length).toBe(many.length)
  expect((await rdd.collect()).length).toBe(many.length)
})
