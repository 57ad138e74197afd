import { parallelize, seconds, stream, type DStream, type StreamingContext } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { Plan } from '../../../lib/dstream/plan.ts'
import { type PlannedState, stateFit } from '../../../lib/state/operator/state-declaration.ts'

type Describe = (ssc: StreamingContext) => void

const planOf = (describe: Describe): Plan =>
  stream('app', { batchInterval: seconds(1) }, describe).build()

const linesOf = (ssc: StreamingContext): DStream<string> => ssc.textFileStream('lines')
const pairsOf = (lines: DStream<string>): DStream<[string, number]> =>
  lines.mapToPair((line) => [line, 1])
const add = (a: number, b: number): number => a + b
const count = (ones: readonly number[], total = 0): number => total + ones.length

describe('the hash of a plan', () => {
  const base: Describe = (ssc) =>
    pairsOf(linesOf(ssc)).reduceByKey(add).updateStateByKey(count).print()
  const { hash } = planOf(base)

  test('is 16 hex digits, the same in every build and in every version of this library', () => {
    expect(hash).toMatch(/^[0-9a-f]{16}$/)
    expect(planOf(base).hash).toBe(hash)
    expect(planOf((ssc) => ssc.queueStream<number>([]).print()).hash).toBe('aca4c9339f9007f0')
  })

  test.each<[string, Describe, boolean]>([
    [
      'other functions',
      (ssc) =>
        linesOf(ssc)
          .mapToPair((line) => [line.trim(), 2])
          .reduceByKey((a, b) => a * b)
          .updateStateByKey<number>((all) => all.length)
          .print(),
      true,
    ],
    [
      'a node that no output needs',
      (ssc) => {
        base(ssc)
        ssc.queueStream([]).map((n) => n)
      },
      true,
    ],
    [
      'another operator',
      (ssc) =>
        pairsOf(linesOf(ssc))
          .mapValues((n) => n)
          .reduceByKey(add)
          .updateStateByKey(count)
          .print(),
      false,
    ],
    [
      'another source',
      (ssc) =>
        pairsOf(ssc.textFileStream('other')).reduceByKey(add).updateStateByKey(count).print(),
      false,
    ],
    [
      'a parameter',
      (ssc) =>
        pairsOf(linesOf(ssc)).reduceByKey(add, { partitions: 2 }).updateStateByKey(count).print(),
      false,
    ],
    [
      'a pinned name',
      (ssc) =>
        pairsOf(linesOf(ssc)).reduceByKey(add).updateStateByKey(count).named('totals').print(),
      false,
    ],
    [
      'another output',
      (ssc) => {
        base(ssc)
        linesOf(ssc).print()
      },
      false,
    ],
    [
      'another count of an output',
      (ssc) => pairsOf(linesOf(ssc)).reduceByKey(add).updateStateByKey(count).print(5),
      false,
    ],
  ])('with %s: the same is %j', (_, describePlan, same) => {
    expect(planOf(describePlan).hash === hash).toBe(same)
  })
})

describe('a plan', () => {
  test('without an output is refused', () => {
    expect(() => planOf((ssc) => linesOf(ssc).map((line) => line))).toThrow(
      expect.objectContaining({
        code: 'PLAN_NO_OUTPUT',
        message: expect.stringContaining('"app"') as string,
      }),
    )
    expect(() => planOf(() => undefined)).toThrow(/PLAN_NO_OUTPUT/)
  })

  test.each<[string, Describe]>([
    ['union', (ssc) => (ssc.union as (...none: readonly unknown[]) => unknown)()],
    ['union', (ssc) => (ssc.union as (list: unknown) => unknown)([linesOf(ssc)])],
    ['transform', (ssc) => ssc.transform([], () => parallelize([1]))],
  ])('refuses %s() without streams', (operation, describePlan) => {
    const message = expect.stringContaining(`${operation}() needs streams`) as string
    expect(() => planOf(describePlan)).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID', message }),
    )
  })

  test.each<[string, (lines: DStream<string>, ssc: StreamingContext) => unknown]>([
    ['an operator', (lines) => lines.map((line) => line)],
    ['an output', (lines) => lines.print()],
    ['a name', (lines) => lines.named('late')],
    ['a source', (_, ssc) => ssc.queueStream([])],
  ])('is frozen once it is built: %s', (_, change) => {
    let late: (() => unknown) | undefined
    planOf((ssc) => {
      const lines = linesOf(ssc)
      lines.print()
      late = () => change(lines, ssc)
    })
    expect(late).toThrow(expect.objectContaining({ code: 'PLAN_FROZEN' }))
  })

  test('is frozen as data', () => {
    const plan = planOf((ssc) => pairsOf(linesOf(ssc)).updateStateByKey(count).print())
    const parts = [
      plan,
      plan.options,
      plan.options.limits,
      plan.options.retry,
      plan.nodes,
      plan.states,
      plan.sources,
      ...plan.nodes,
      ...plan.nodes.map(({ node }) => node),
    ]
    expect(parts.map((part) => Object.isFrozen(part))).toEqual(parts.map(() => true))
  })

  test('can be built again, each time anew', () => {
    const pipeline = stream('app', { batchInterval: seconds(1) }, (ssc) => linesOf(ssc).print())
    expect(pipeline.build()).toEqual(expect.objectContaining({ hash: pipeline.build().hash }))
    expect(pipeline.build()).not.toBe(pipeline.build())
  })

  test('passes on an error of the function that describes it', () => {
    expect(() =>
      planOf(() => {
        throw new TypeError('mine')
      }),
    ).toThrow(new TypeError('mine'))
  })

  test.each<[string, Describe, readonly (readonly [string, readonly string[]])[]]>([
    [
      'up to a shuffle',
      (ssc) =>
        pairsOf(
          linesOf(ssc)
            .flatMap((line) => line)
            .filter(Boolean),
        )
          .reduceByKey(add)
          .mapValues((n) => n)
          .print(),
      [['textFileStream-1', ['flatMap-1', 'filter-1', 'mapToPair-1']]],
    ],
    [
      'up to a free function',
      (ssc) =>
        linesOf(ssc)
          .map((line) => line)
          .transform((rdd) => rdd)
          .map((line) => line)
          .print(),
      [['textFileStream-1', ['map-1']]],
    ],
    [
      'up to whole partitions',
      (ssc) =>
        linesOf(ssc)
          .mapPartitions((part) => part)
          .map((line) => line)
          .print(),
      [['textFileStream-1', []]],
    ],
    [
      'down several branches',
      (ssc) => {
        const lines = linesOf(ssc)
        lines.map((line) => line).print()
        pairsOf(lines).updateStateByKey(count).print()
      },
      [['textFileStream-1', ['map-1', 'mapToPair-1']]],
    ],
    [
      'through a union of one source',
      (ssc) => {
        const lines = linesOf(ssc)
        lines
          .map((line) => line)
          .union(lines)
          .filter(Boolean)
          .print()
      },
      [['textFileStream-1', ['map-1', 'union-1', 'filter-1']]],
    ],
    [
      'not through a union of two',
      (ssc) =>
        linesOf(ssc)
          .map((line) => line)
          .union(linesOf(ssc))
          .filter(Boolean)
          .print(),
      [
        ['textFileStream-1', ['map-1']],
        ['textFileStream-2', []],
      ],
    ],
  ])('has an intake stage %s', (_, describePlan, stages) => {
    expect(planOf(describePlan).intakeStages.map(({ source, nodes }) => [source, nodes])).toEqual(
      stages,
    )
  })

  test('lists the states of its operators', () => {
    const plan = planOf((ssc) => {
      const pairs = pairsOf(linesOf(ssc))
      pairs.updateStateByKey(count, { partitions: 4 }).named('totals').print()
      pairs.updateStateByKey(count).print()
    })
    expect(plan.states).toEqual([
      {
        id: 'totals',
        kind: 'updateStateByKey',
        form: 'state',
        partitions: 4,
        layout: '',
        isDivisible: true,
        carryOver: expect.any(Function) as unknown,
      },
      {
        id: 'updateStateByKey-2',
        kind: 'updateStateByKey',
        form: 'state',
        partitions: 1,
        layout: '',
        isDivisible: true,
        carryOver: expect.any(Function) as unknown,
      },
    ])
  })
})

describe('stored state fits a plan', () => {
  const totals: PlannedState = {
    id: 'totals',
    kind: 'updateStateByKey',
    form: 'state',
    partitions: 1,
    layout: '',
    isDivisible: true,
  }
  const panes: PlannedState = { ...totals, form: 'panes', isDivisible: false }
  const reader: PlannedState = {
    ...totals,
    carryOver: (layout, doneMs) => (layout === 'other' && doneMs > 5 ? 'as it is' : undefined),
  }

  test.each<
    [
      string,
      readonly PlannedState[],
      readonly PlannedState[],
      conflicts: readonly RegExp[],
      carriedOver?: readonly RegExp[],
    ]
  >([
    ['that has the same state', [totals], [totals], []],
    ['that has more states', [totals], [{ ...totals, id: 'new' }, totals], []],
    ['when nothing is stored', [], [totals], []],
    ['not if the plan lacks it', [totals], [], [/"totals".*not in the pipeline/]],
    [
      'not under another name',
      [totals],
      [{ ...totals, id: 'sums' }],
      [/"totals".*not in the pipeline/],
    ],
    [
      'not of another operator',
      [totals],
      [{ ...totals, kind: 'mapWithState' }],
      [/made by updateStateByKey and is now mapWithState/],
    ],
    [
      'not in another layout',
      [{ ...totals, layout: 'panes of 1 s' }],
      [totals],
      [/made with panes of 1 s and is now/],
    ],
    [
      'in another layout that the operator can read',
      [{ ...totals, layout: 'other' }],
      [reader],
      [],
      [/made with other and is now/],
    ],
    [
      'in other partitions, if keys can be divided',
      [totals],
      [{ ...totals, partitions: 2 }],
      [],
      [/has 1 partitions in the store and 2/],
    ],
    [
      'not in other partitions with panes',
      [panes],
      [{ ...panes, partitions: 2 }],
      [/has 1 partitions in the store and 2/],
    ],
  ])('%s', (_, stored, current, conflicts, carriedOver = []) => {
    const texts = (patterns: readonly RegExp[]): readonly string[] =>
      patterns.map((pattern) => expect.stringMatching(pattern) as string)
    expect(stateFit(stored, current, 10)).toEqual({
      conflicts: texts(conflicts),
      carriedOver: texts(carriedOver),
    })
  })
})
