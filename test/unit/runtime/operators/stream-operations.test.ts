/** Operations on whole batches, through the runtime. */
import { describe, expect, test } from 'vitest'
import { givenBy, type Operation, on } from '../batches.ts'

type Pair = readonly [string, number]

interface Row {
  readonly name: string
  readonly operation: Operation
  readonly batches: readonly (readonly unknown[])[]
  readonly others?: readonly (readonly unknown[])[]
  readonly gives: readonly (readonly unknown[])[]
}

const left: readonly (readonly Pair[])[] = [
  [
    ['a', 1],
    ['b', 2],
  ],
  [],
  [['a', 3]],
]
const right: readonly (readonly Pair[])[] = [
  [['a', 10]],
  [['c', 30]],
  [
    ['a', 20],
    ['a', 21],
  ],
]

const rows: readonly Row[] = [
  {
    name: 'count',
    operation: on<string>((words) => words.count()),
    batches: [['a', 'b'], []],
    gives: [[2], [0]],
  },
  {
    name: 'countByValue',
    operation: on<string>((words) => words.countByValue()),
    batches: [['b', 'a', 'b'], []],
    gives: [
      [
        ['a', 1],
        ['b', 2],
      ],
      [],
    ],
  },
  {
    name: 'reduce',
    operation: on<number>((numbers) => numbers.reduce((a, b) => a + b)),
    batches: [[1, 2, 3], []],
    gives: [[6], []],
  },
  {
    name: 'glom',
    operation: on<number>((numbers) => numbers.repartition(2).glom()),
    batches: [[1, 2, 3], []],
    gives: [
      [[1, 3], [2]],
      [[], []],
    ],
  },
  {
    name: 'partitionBy',
    operation: on<[string, number]>((pairs) =>
      pairs.partitionBy(2, (key) => (key === 'a' ? 1 : 0)).glom(),
    ),
    batches: left,
    gives: [
      [[['b', 2]], [['a', 1]]],
      [[], []],
      [[], [['a', 3]]],
    ],
  },
  {
    name: 'groupByKey',
    operation: on<[string, number]>((pairs) => pairs.groupByKey()),
    batches: [
      [
        ['b', 1],
        ['a', 2],
        ['b', 3],
      ],
      [],
    ],
    gives: [
      [
        ['a', [2]],
        ['b', [1, 3]],
      ],
      [],
    ],
  },
  {
    name: 'combineByKey',
    operation: on<[string, number]>((pairs) =>
      pairs.combineByKey(
        String,
        (all, n) => `${all}+${n}`,
        (x, y) => `${x}+${y}`,
      ),
    ),
    batches: [
      [
        ['b', 1],
        ['a', 2],
        ['b', 3],
      ],
      [],
    ],
    gives: [
      [
        ['a', '2'],
        ['b', '1+3'],
      ],
      [],
    ],
  },
  {
    name: 'flatMapValues',
    operation: on<[string, number]>((pairs) => pairs.flatMapValues((n) => [n, -n])),
    batches: [[['a', 1]]],
    gives: [
      [
        ['a', 1],
        ['a', -1],
      ],
    ],
  },
  {
    name: 'mapPartitionsWithIndex',
    operation: on<number>((numbers) =>
      numbers.repartition(2).mapPartitionsWithIndex((part, index) => [[index, ...part]]),
    ),
    batches: [[1, 2, 3]],
    gives: [
      [
        [0, 1, 3],
        [1, 2],
      ],
    ],
  },
  {
    name: 'join',
    operation: on<[string, number]>((l, r) => l.join(r)),
    batches: left,
    others: right,
    gives: [
      [['a', [1, 10]]],
      [],
      [
        ['a', [3, 20]],
        ['a', [3, 21]],
      ],
    ],
  },
  {
    name: 'leftOuterJoin',
    operation: on<[string, number]>((l, r) => l.leftOuterJoin(r)),
    batches: left,
    others: right,
    gives: [
      [
        ['a', [1, 10]],
        ['b', [2, undefined]],
      ],
      [],
      [
        ['a', [3, 20]],
        ['a', [3, 21]],
      ],
    ],
  },
  {
    name: 'rightOuterJoin',
    operation: on<[string, number]>((l, r) => l.rightOuterJoin(r)),
    batches: left,
    others: right,
    gives: [
      [['a', [1, 10]]],
      [['c', [undefined, 30]]],
      [
        ['a', [3, 20]],
        ['a', [3, 21]],
      ],
    ],
  },
  {
    name: 'fullOuterJoin',
    operation: on<[string, number]>((l, r) => l.fullOuterJoin(r, { partitions: 1 })),
    batches: left,
    others: right,
    gives: [
      [
        ['a', [1, 10]],
        ['b', [2, undefined]],
      ],
      [['c', [undefined, 30]]],
      [
        ['a', [3, 20]],
        ['a', [3, 21]],
      ],
    ],
  },
  {
    name: 'cogroup',
    operation: on<[string, number]>((l, r) => l.cogroup(r)),
    batches: left,
    others: right,
    gives: [
      [
        ['a', [[1], [10]]],
        ['b', [[2], []]],
      ],
      [['c', [[], [30]]]],
      [['a', [[3], [20, 21]]]],
    ],
  },
  {
    name: 'transformWith',
    operation: on<[string, number]>((l, r) =>
      l.transformWith(r, (x, y) => x.subtractByKey(y), { pure: true }),
    ),
    batches: left,
    others: right,
    gives: [[['b', 2]], [], []],
  },
  {
    name: 'union of several',
    operation: on<number>((l, r) => l.union(r, l)),
    batches: [[1], [2]],
    others: [[3], []],
    gives: [
      [1, 3, 1],
      [2, 2],
    ],
  },
]

describe('an operation returns', () => {
  test.each(rows)('$name', async ({ operation, batches, others = [], gives }) => {
    const given = await givenBy(operation, batches, {}, others)
    expect(given.map(([, elements]) => elements)).toEqual(gives)
  })
})

test('a cached stream is computed once in a batch', async () => {
  const calls: number[] = []
  const operation = (cached: boolean): Operation =>
    on<number>((numbers) => {
      const noted = numbers.map((n) => {
        calls.push(n)
        return n
      })
      if (cached) noted.cache()
      return noted.union(noted)
    })
  expect(await givenBy(operation(true), [[1], [2]])).toEqual([
    [1, [1, 1]],
    [2, [2, 2]],
  ])
  expect(calls.splice(0)).toEqual([1, 2])
  await givenBy(operation(false), [[1], [2]])
  expect(calls).toEqual([1, 1, 2, 2])
})
