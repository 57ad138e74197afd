import { type DStream, parallelize, seconds } from 'millrace'
import { describe, expect, test } from 'vitest'
import { type Given, givenBy, on } from '../batches.ts'

type Pairs = DStream<[string, number]>

const sum = (values: readonly number[], state = 0): number => values.reduce((x, y) => x + y, state)
const a: readonly [string, number] = ['a', 1]
const b: readonly [string, number] = ['b', 1]

interface Row {
  readonly name: string
  readonly operation: (pairs: Pairs) => DStream<unknown>
  readonly batches: readonly (readonly (readonly [string, number])[])[]
  readonly gives: readonly Given[]
}

const rows: readonly Row[] = [
  {
    name: 'starts with its initial state, with the first pair of each key',
    operation: (pairs) =>
      pairs.updateStateByKey<number>(sum, {
        initialState: [
          ['a', 10],
          ['z', 5],
          ['a', 7],
        ],
      }),
    batches: [[a], [b]],
    gives: [
      [
        1,
        [
          ['a', 11],
          ['z', 5],
        ],
      ],
      [
        2,
        [
          ['a', 11],
          ['b', 1],
          ['z', 5],
        ],
      ],
    ],
  },
  {
    name: 'starts with an RDD, and has its number of partitions',
    operation: (pairs) =>
      pairs.updateStateByKey<number>(sum, {
        initialState: parallelize([
          ['z', 5],
          ['y', 4],
        ] as [string, number][]),
        partitions: 3,
      }),
    batches: [[a], []],
    gives: [
      [
        1,
        expect.arrayContaining([
          ['a', 1],
          ['z', 5],
          ['y', 4],
        ]) as unknown[],
      ],
      [
        2,
        expect.arrayContaining([
          ['a', 1],
          ['z', 5],
          ['y', 4],
        ]) as unknown[],
      ],
    ],
  },
  {
    name: 'passes the key to the function',
    operation: (pairs) =>
      pairs.updateStateByKey<string>((values, state, key) => state ?? `${key}${values.length}`),
    batches: [[a, a], [b]],
    gives: [
      [1, [['a', 'a2']]],
      [
        2,
        [
          ['a', 'a2'],
          ['b', 'b1'],
        ],
      ],
    ],
  },
  {
    name: 'passes the batch time to the function, if it is timed',
    operation: (pairs) =>
      pairs.updateStateByKey<number>(
        (values, state, _, time) => (values.length > 0 ? (time.milliseconds / 1_000) % 100 : state),
        {
          timed: true,
        },
      ),
    batches: [[a], [], [b]],
    gives: [
      [1, [['a', 1]]],
      [2, [['a', 1]]],
      [
        3,
        [
          ['a', 1],
          ['b', 3],
        ],
      ],
    ],
  },
  {
    name: 'advances only at the slides of a window',
    operation: (pairs) =>
      pairs
        .window(seconds(2), seconds(2))
        .updateStateByKey<number>((values, state = 0) => state + values.length),
    batches: [[a], [a], [], [], []],
    gives: [
      [2, [['a', 2]]],
      [4, [['a', 2]]],
    ],
  },
  {
    name: 'by partition, may rename keys, and drops keys that are not returned',
    operation: (pairs) =>
      pairs.updateStateByPartition<number>(
        function* (visits) {
          for (const [key, values, state] of visits)
            if (key !== 'b') yield [key === 'x' ? 'y' : key, sum(values, state)]
        },
        { partitions: 2 },
      ),
    batches: [[a, b, ['x', 2]], [a], []],
    gives: [
      [
        1,
        expect.arrayContaining([
          ['a', 1],
          ['y', 2],
        ]) as unknown[],
      ],
      [
        2,
        expect.arrayContaining([
          ['a', 2],
          ['y', 2],
        ]) as unknown[],
      ],
      [
        3,
        expect.arrayContaining([
          ['a', 2],
          ['y', 2],
        ]) as unknown[],
      ],
    ],
  },
  {
    name: 'keeps the state of a structured key that its function changes in place',
    operation: (pairs) =>
      pairs
        .map(([word, n]): [string[], number] => [[word], n])
        .updateStateByKey<number>((values, state, key) => {
          key.push('x')
          return sum(values, state)
        }),
    batches: [[a], [a, b], []],
    gives: [
      [1, [[['a', 'x'], 1]]],
      [
        2,
        [
          [['a', 'x'], 2],
          [['b', 'x'], 1],
        ],
      ],
      [
        3,
        [
          [['a', 'x'], 2],
          [['b', 'x'], 1],
        ],
      ],
    ],
  },
]

describe('updateStateByKey, warm, and cold after every batch', () => {
  test.each(rows)('$name', async ({ operation, batches, gives }) => {
    expect(await givenBy(on(operation), batches)).toEqual(gives)
    expect(await givenBy(on(operation), batches, { restartAfter: () => true })).toEqual(gives)
  })
})
