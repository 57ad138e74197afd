/** Every operator that combines gives the same, wherever its source stage runs. */
import { type DStream, seconds, type StreamingContext } from 'millrace'
import { expect, test } from 'vitest'
import { sourceStages } from '../../../lib/dstream/source-stages.ts'
import { Random } from '../../../lib/testing/random.ts'
import { pipelineOf } from '../runtime/harness.ts'
import { ShardBed } from './shard-bed.ts'

type Pairs = DStream<[string, number]>

const sum = (a: number, b: number): number => a + b
const LENGTH = seconds(3)
const SLIDE = seconds(1)

const rows: readonly (readonly [string, (pairs: Pairs, ssc: StreamingContext) => void])[] = [
  ['reduceByKey', (pairs) => pairs.reduceByKey(sum, { partitions: 3 }).print(99)],
  [
    'reduce',
    (pairs) =>
      pairs
        .map(([, n]) => n)
        .reduce(sum)
        .print(),
  ],
  ['countByValue', (pairs) => pairs.countByValue().print(99)],
  [
    'groupByKey',
    (pairs) =>
      pairs
        .filter(([key]) => key === 'k1')
        .groupByKey()
        .print(),
  ],
  [
    'combineByKey',
    (pairs) =>
      pairs
        .combineByKey(
          (n) => [n, 1] as [number, number],
          ([total, count], n) => [total + n, count + 1] as [number, number],
          (a, b) => [a[0] + b[0], a[1] + b[1]] as [number, number],
        )
        .print(99),
  ],
  [
    'structured keys',
    (pairs) =>
      pairs
        .map(([key, n]): [object, number] => [{ key }, n])
        .reduceByKey(sum)
        .print(99),
  ],
  ['reduceByKeyAndWindow', (pairs) => pairs.reduceByKeyAndWindow(sum, LENGTH, SLIDE).print(99)],
  [
    'reduceByKeyAndWindow with an inverse',
    (pairs) => pairs.reduceByKeyAndWindow(sum, (a, b) => a - b, LENGTH, SLIDE).print(99),
  ],
  ['countByValueAndWindow', (pairs) => pairs.countByValueAndWindow(LENGTH, SLIDE).print(99)],
  ['countByWindow', (pairs) => pairs.countByWindow(LENGTH, SLIDE).print(99)],
  [
    'reduceByWindow',
    (pairs) =>
      pairs
        .map(([, n]) => n)
        .reduceByWindow(sum, LENGTH, SLIDE)
        .print(),
  ],
  [
    'groupByKeyAndWindow',
    (pairs) =>
      pairs
        .filter(([key]) => key === 'k1')
        .groupByKeyAndWindow(LENGTH, SLIDE)
        .print(),
  ],
  [
    'updateStateByKey',
    (pairs) =>
      pairs
        .filter(([, n]) => n > 7)
        .updateStateByKey<number>((some, total = 0) => some.reduce(sum, total))
        .print(99),
  ],
  [
    'a join with another stream, through unions',
    (pairs, ssc) => {
      const other = ssc.kinesisTextStream('others').map((line): [string, number] => [line, 0])
      pairs
        .filter(([, n]) => n === 3)
        .union(other)
        .cogroup(other)
        .print(99)
    },
  ],
  [
    'the right side of a join',
    (pairs, ssc) => {
      const other = ssc.kinesisTextStream('others').map((line): [string, number] => [line, 0])
      other.rightOuterJoin(pairs.filter(([, n]) => n === 3)).print(99)
    },
  ],
]

/** Three batches of some appends. */
const play = async (
  use: (pairs: Pairs, ssc: StreamingContext) => void,
  sourceStage: 'intake' | 'driver',
) => {
  const pipeline = pipelineOf(
    (ssc) => {
      const pairs = ssc.kinesisTextStream('lines').map((line): [string, number] => {
        const [key = '', n] = line.split(' ')
        return [key, Number(n)]
      })
      use(pairs, ssc)
    },
    { sourceStage },
  )
  const bed = new ShardBed(pipeline)
  const from = new Random(7)
  await bed.app.trigger()
  for (let batch = 0; batch < 3; batch++) {
    for (let append = 0; append < 3; append++)
      await bed.put(
        Array.from(
          { length: 300 },
          () => `k${from.between(0, 4)} ${String(from.between(0, 9)).padStart(12, '0')}`,
        ),
      )
    await bed.app.pass()
  }
  await bed.app.pass(4)
  return { bed, stages: sourceStages(pipeline.build()) }
}

test.each(rows)('%s', async (_, use) => {
  const { bed, stages } = await play(use, 'intake')
  expect(stages.get('kinesisTextStream-1')).toMatchObject({ nodes: [expect.anything()] })
  expect(bed.combined).toEqual(Array.from({ length: 9 }, () => 300))
  const { bed: inDriver } = await play(use, 'driver')
  expect(inDriver.combined.every((count) => count === 0)).toBe(true)
  expect(bed.printed).toEqual(inDriver.printed)
  expect(bed.printed.length).toBeGreaterThan(2)
})
