/** The ids of nodes: how they are numbered, pinned and refused. */
import { seconds, stream, type DStream, type StreamingContext } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { Plan } from '../../../lib/dstream/plan.ts'

type Describe = (ssc: StreamingContext) => void

const planOf = (describe: Describe): Plan =>
  stream('app', { batchInterval: seconds(1) }, describe).build()

const linesOf = (ssc: StreamingContext): DStream<string> => ssc.textFileStream('lines')
const pairsOf = (lines: DStream<string>): DStream<[string, number]> =>
  lines.mapToPair((line) => [line, 1])
const add = (a: number, b: number): number => a + b
const count = (ones: readonly number[], total = 0): number => total + ones.length

describe('the ids of nodes', () => {
  test.each<[string, Describe, readonly string[]]>([
    [
      'are counted by kind',
      (ssc) =>
        linesOf(ssc)
          .map((line) => line)
          .filter(Boolean)
          .map((line) => line)
          .print(),
      ['textFileStream-1', 'map-1', 'filter-1', 'map-2', 'print-1'],
    ],
    [
      'of a source, although its records are decoded',
      (ssc) =>
        ssc
          .kinesisStream('clicks', { decode: ({ data }) => data.length })
          .named('clicks')
          .print(),
      ['clicks', 'decode-1', 'print-1'],
    ],
    [
      'exist for every kind',
      (ssc) => {
        const lines = ssc.union(
          linesOf(ssc),
          ssc.socketTextStream('localhost', 9999),
          ssc.queueStream<string>([]),
        )
        const pairs = pairsOf(
          lines
            .flatMap((line) => line)
            .mapPartitions((part) => part)
            .transform((rdd) => rdd),
        )
        const states = pairs
          .mapValues((n) => n)
          .reduceByKey(add)
          .updateStateByKey(count)
        states.foreachRDD(() => undefined)
        states.saveAsTextFiles('out')
      },
      [
        'textFileStream-1',
        'socketTextStream-1',
        'queueStream-1',
        'union-1',
        'flatMap-1',
        'mapPartitions-1',
        'transform-1',
        'mapToPair-1',
        'mapValues-1',
        'reduceByKey-1',
        'updateStateByKey-1',
        'foreachRDD-1',
        'saveAsTextFiles-1',
      ],
    ],
    [
      'stay the same when a node of another kind is added between',
      (ssc) => pairsOf(linesOf(ssc).filter(Boolean)).updateStateByKey(count).print(),
      ['textFileStream-1', 'filter-1', 'mapToPair-1', 'updateStateByKey-1', 'print-1'],
    ],
    [
      'can be pinned',
      (ssc) =>
        pairsOf(linesOf(ssc).named('in')).updateStateByKey(count).named('to.tal-s_1').print(),
      ['in', 'mapToPair-1', 'to.tal-s_1', 'print-1'],
    ],
    [
      'also count nodes that no output needs, but the plan leaves these out',
      (ssc) => {
        const lines = linesOf(ssc)
        lines.map((line) => line.length)
        linesOf(ssc).map((line) => line)
        pairsOf(lines).updateStateByKey(count)
        lines.map((line) => line).print()
      },
      ['textFileStream-1', 'map-3', 'print-1'],
    ],
  ])('%s', (_, describePlan, ids) => {
    expect(planOf(describePlan).nodes.map(({ id }) => id)).toEqual(ids)
  })

  test('name the parents of each node in their order', () => {
    const { nodes } = planOf((ssc) => {
      const lines = linesOf(ssc)
      lines
        .map((line) => line)
        .union(lines)
        .print()
    })
    expect(nodes.map(({ id, parents }) => [id, parents])).toEqual([
      ['textFileStream-1', []],
      ['map-1', ['textFileStream-1']],
      ['union-1', ['map-1', 'textFileStream-1']],
      ['print-1', ['union-1']],
    ])
  })
})

describe('a name is refused', () => {
  test.each([[''], ['-a'], ['.a'], ['a b'], ['a#b'], ['a/b'], ['ä'], ['a'.repeat(65)]])(
    '%j',
    (name) => {
      expect(() => planOf((ssc) => linesOf(ssc).named(name).print())).toThrow(
        expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
      )
    },
  )

  test('when another stream has it', () => {
    expect(() =>
      planOf((ssc) =>
        linesOf(ssc)
          .named('a')
          .map((line) => line)
          .named('a')
          .print(),
      ),
    ).toThrow(/same name[^]*"a"/)
    expect(() =>
      planOf((ssc) =>
        linesOf(ssc)
          .map((line) => line)
          .named('textFileStream-1')
          .print(),
      ),
    ).toThrow(/same name/)
  })

  test('not when the stream itself already has it', () => {
    expect(planOf((ssc) => linesOf(ssc).named('a').named('a').print()).sources[0]?.id).toBe('a')
  })

  test('when a later stream would get it by default', () => {
    expect(() =>
      planOf((ssc) => {
        const first = linesOf(ssc).named('map-1')
        first.map((line) => line).print()
      }),
    ).toThrow(/same name/)
  })
})
