/**
 * How operations handle a batch time at which a stream has no RDD. This is different from an empty
 * RDD.
 */
import { type DStream, seconds, type State, StateSpec } from 'millrace'
import { describe, expect, test } from 'vitest'
import { operatorNode } from '../../../../lib/dstream/plan-node.ts'
import { type Given, givenBy, type Operation } from '../batches.ts'

type Numbers = DStream<number>
type Pairs = DStream<[number, number]>

/** A stream with an RDD only for batches that are not empty. */
const whereFull = (numbers: Numbers): Numbers =>
  numbers.to<number>(
    operatorNode('whereFull', [numbers.node], async ([input]) =>
      (await input?.isEmpty()) === false ? input : undefined,
    ),
  )

const on = (operation: (gappy: Numbers, full: Numbers) => DStream<unknown>): Operation =>
  ((numbers: Numbers) => operation(whereFull(numbers), numbers)) as unknown as Operation
const pairsOf = (numbers: Numbers): Pairs => numbers.mapToPair((n) => [n, 1])
const add = (a: number, b: number): number => a + b
const count = (_: number, one: number | undefined, state: State<number>): number => {
  state.update((state.getOption() ?? 0) + (one ?? 0))
  return state.get()
}

/** Batches: with data, without an RDD, with data. */
const BATCHES = [[7], [], [7]]

test.each<[string, (gappy: Numbers) => DStream<unknown>]>([
  ['map', (gappy) => gappy.map((n) => n)],
  ['flatMap', (gappy) => gappy.flatMap((n) => [n])],
  ['filter', (gappy) => gappy.filter(() => true)],
  ['glom', (gappy) => gappy.glom()],
  ['mapPartitions', (gappy) => gappy.mapPartitions((part) => part)],
  ['mapValues', (gappy) => pairsOf(gappy).mapValues((n) => n)],
  ['flatMapValues', (gappy) => pairsOf(gappy).flatMapValues((n) => [n])],
  ['groupByKey', (gappy) => pairsOf(gappy).groupByKey()],
  ['reduceByKey', (gappy) => pairsOf(gappy).reduceByKey(add)],
  ['combineByKey', (gappy) => pairsOf(gappy).combineByKey(String, String, String)],
  ['reduce', (gappy) => gappy.reduce(add)],
  ['countByValue', (gappy) => gappy.countByValue()],
])('%s has no RDD either', async (_, operation) => {
  expect((await givenBy(on(operation), BATCHES)).map(([second]) => second)).toEqual([1, 3])
})

test.each<[string, (gappy: Numbers, full: Numbers) => DStream<unknown>]>([
  ['transform', (gappy) => gappy.transform((rdd) => rdd)],
  ['transformWith', (gappy, full) => full.transformWith(gappy, (rdd) => rdd)],
  ['repartition', (gappy) => gappy.repartition(2)],
  ['partitionBy', (gappy) => pairsOf(gappy).partitionBy(2)],
  ['count', (gappy) => gappy.count()],
  ['union', (gappy, full) => full.union(gappy)],
  ['cogroup', (gappy, full) => pairsOf(full).cogroup(pairsOf(gappy))],
  ['join', (gappy, full) => pairsOf(full).join(pairsOf(gappy))],
  ['fullOuterJoin', (gappy, full) => pairsOf(full).fullOuterJoin(pairsOf(gappy))],
])('%s fails', async (kind, operation) => {
  await expect(givenBy(on(operation), BATCHES)).rejects.toThrow(
    `${kind} needs an RDD from every parent`,
  )
})

describe('operators with state continue', () => {
  const rows: readonly (readonly [
    string,
    (gappy: Numbers) => DStream<unknown>,
    readonly (readonly unknown[])[],
    readonly Given[],
  ])[] = [
    [
      'window uses the RDDs that exist',
      (gappy) => gappy.window(seconds(2)),
      [[], [7], [], [], [8]],
      [
        [1, []],
        [2, [7]],
        [3, [7]],
        [4, []],
        [5, [8]],
      ],
    ],
    [
      'a count of a window',
      (gappy) => gappy.window(seconds(2)).count(),
      [[], [7]],
      [
        [1, [0]],
        [2, [1]],
      ],
    ],
    [
      'countByWindow has no RDD before the first element',
      (gappy) => gappy.countByWindow(seconds(1)),
      [[], [7], []],
      [
        [1, []],
        [2, [1]],
        [3, [0]],
      ],
    ],
    [
      'updateStateByKey starts with the first RDD, and then runs without values',
      (gappy) =>
        pairsOf(gappy).updateStateByKey<string>((ones, state = '') => `${state}${ones.length}`, {
          initialState: [[9, 'initial ']],
        }),
      [[], [7], [], [8]],
      [
        [
          2,
          [
            [7, '1'],
            [9, 'initial 0'],
          ],
        ],
        [
          3,
          [
            [7, '10'],
            [9, 'initial 00'],
          ],
        ],
        [
          4,
          [
            [7, '100'],
            [8, '1'],
            [9, 'initial 000'],
          ],
        ],
      ],
    ],
    [
      'mapWithState handles it as no records',
      (gappy) => pairsOf(gappy).mapWithState(StateSpec.function(count)),
      [[], [7], [], [7]],
      [
        [1, []],
        [2, [1]],
        [3, []],
        [4, [2]],
      ],
    ],
    [
      'snapshots start with the existing state',
      (gappy) =>
        pairsOf(gappy)
          .mapWithState(StateSpec.function(count).initialState([[9, 5]]))
          .stateSnapshots(),
      [[], [7]],
      [
        [1, [[9, 5]]],
        [
          2,
          [
            [7, 1],
            [9, 5],
          ],
        ],
      ],
    ],
  ]

  test.each(rows)('%s', async (_, operation, batches, gives) => {
    expect(await givenBy(on(operation), batches)).toEqual(gives)
    expect(await givenBy(on(operation), batches, { restartAfter: () => true })).toEqual(gives)
  })
})
