/**
 * Each transformation gives the expected elements, in one partition and in three: the number of
 * partitions does not change the result.
 */
import type { RDD } from 'millrace'
import { describe, expect, test } from 'vitest'
import { inPairs, of, others } from './rdds.ts'

const transformations: readonly (readonly [
  name: string,
  make: (partitions: number) => RDD<unknown>,
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
    'join on null and on keys that are arrays',
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
    'sortBy numbers, NaN last',
    (p) => of([10, Number.NaN, 9, -1, 2n], p).sortBy((n) => n),
    [-1, 2n, 9, 10, Number.NaN],
  ],
  [
    'sortBy dates, by time',
    (p) =>
      of([1e12, 5, -5], p)
        .map((n) => new Date(n))
        .sortBy((date) => date),
    [new Date(-5), new Date(5), new Date(1e12)],
  ],
  [
    'sortBy arrays, by their elements',
    (p) => of([[2], [10, 1], [10]], p).sortBy((n) => n),
    [[2], [10], [10, 1]],
  ],
  [
    'sortBy values of different types',
    (p) => of<unknown>([[1], 'b', 3, null, true], p).sortBy((x) => x),
    [null, true, 3, 'b', [1]],
  ],
  ['union of several RDDs', (p) => of([1], p).union(of([2], p), of([1], p)), [1, 2, 1]],
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

test('a cached RDD is computed once, until unpersist()', async () => {
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
