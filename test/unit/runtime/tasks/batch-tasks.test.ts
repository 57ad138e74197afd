import type { DStream } from 'millrace'
import { describe, expect, test } from 'vitest'
import { decode, encode } from '../../../../lib/base/codec.ts'
import { type Executor, taskId } from '../../../../lib/runtime/tasks/batch-tasks.ts'
import { pipelineOf, START_MS, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'

/** One batch of two blocks on an executor. */
const runBatch = async (
  define: (lines: DStream<string>) => DStream<unknown>,
  executor: Executor,
): Promise<World> => {
  const world = new World()
  const pipeline = pipelineOf((ssc) => {
    define(ssc.socketTextStream('localhost', 9999)).saveAsTextFiles('out')
  })
  const app = world.deploy(pipeline, { executor })
  await app.run()
  await app.append(SOURCE, 1, ['to be', 'or not'], 'a')
  await app.append(SOURCE, 1, ['to be', 'that'], 'b')
  await app.tick()
  return world
}

const words = (lines: DStream<string>): DStream<[string, number]> =>
  lines.flatMap((line) => line.split(' ')).map((word): [string, number] => [word, 1])

const sum = (a: number, b: number): number => a + b

const reduceByKey = (lines: DStream<string>): DStream<unknown> =>
  words(lines).reduceByKey(sum, { partitions: 2 })

const countTwice = (lines: DStream<string>): DStream<unknown> =>
  words(lines)
    .reduceByKey(sum, { partitions: 2 })
    .transform((rdd) =>
      rdd
        .map(([, count]): [number, number] => [count, 1])
        .reduceByKey(sum, { partitions: 1 })
        .groupByKey({ partitions: 1 })
        .mapValues((counts) => [...counts]),
    )

const updateState = (lines: DStream<string>): DStream<unknown> =>
  words(lines).updateStateByKey<number>((counts, total = 0) => counts.reduce(sum, total), {
    partitions: 2,
  })

const updateByArray = (lines: DStream<string>): DStream<unknown> =>
  words(lines)
    .map(([word, one]): [string[], number] => [[word], one])
    .updateStateByKey<number>((counts, total = 0) => counts.reduce(sum, total), { partitions: 2 })

/** Like a remote executor: the result of a task travels as bytes. */
const overTheWire: Executor = async (_, work) => decode(encode(await work())) as never

describe('the tasks of a batch', () => {
  test('each have an address: batch time, node, shuffle, side and number', async () => {
    const ids: string[] = []
    await runBatch(reduceByKey, async (task, work) => {
      ids.push(taskId(task))
      return work()
    })
    const time = START_MS + 1_000
    expect(ids).toEqual([
      `${time}/reduceByKey-1/1/map/0`,
      `${time}/saveAsTextFiles-1/result/0`,
      `${time}/saveAsTextFiles-1/result/1`,
    ])
  })

  test('wait for no other task: what a task needs is done before it starts', async () => {
    let running = 0
    await runBatch(countTwice, async (_, work) => {
      running += 1
      expect(running).toBe(1)
      const result = await work()
      running -= 1
      return result
    })
  })

  test('of several shuffles of one node have different addresses', async () => {
    const ids = new Set<string>()
    let tasks = 0
    await runBatch(countTwice, async (task, work) => {
      ids.add(taskId(task))
      tasks += 1
      return work()
    })
    expect(ids.size).toBe(tasks)
    expect([...ids].filter((id) => id.includes('/transform-1/'))).toHaveLength(3)
  })

  test.each([
    { what: 'a reduction', define: reduceByKey },
    { what: 'two shuffles in one node', define: countTwice },
    { what: 'state', define: updateState },
    { what: 'state of structured keys', define: updateByArray },
  ])('of $what give the same bytes on every executor', async ({ define }) => {
    const [here, elsewhere] = await Promise.all([
      runBatch(define, (_, work) => work()),
      runBatch(define, overTheWire),
    ])
    expect(here.files.files().size).toBeGreaterThan(1)
    expect(elsewhere.files.files()).toEqual(here.files.files())
    expect(elsewhere.store.keys()).toEqual(here.store.keys())
  })
})
