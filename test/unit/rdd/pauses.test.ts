import { Graph } from 'millrace/graph'
import { expect, test } from 'vitest'
import { pausesOf } from '../../../lib/runtime/tasks/pauses.ts'
import { NO_CONTEXT } from '../../../lib/rdd/context.ts'
import type { Partition } from '../../../lib/rdd/partition.ts'
import { type RDD, rddOfPartitions } from '../../../lib/rdd/rdd.ts'
import '../../../lib/rdd/operations/all.ts'

const RECORDS = 10_000
/** How long one record takes. */
const RECORD_MS = 1

/** The longest time without a pause, and the number of pauses, on a clock that records move. */
const measure = async (
  run: (rdd: RDD<number>, tick: <T>(value: T) => T) => Promise<unknown>,
  partition: Partial<Partition<number>> = {},
): Promise<{ longestMs: number; pauses: number }> => {
  let [nowMs, lastMs, longestMs, pauses] = [0, 0, 0, 0]
  const tick = <T>(value: T): T => {
    nowMs += RECORD_MS
    longestMs = Math.max(longestMs, nowMs - lastMs)
    return value
  }
  const sleep = async (): Promise<void> => {
    lastMs = nowMs
    pauses += 1
  }
  const pause = pausesOf({ now: () => nowMs, sleep })
  const records = Array.from({ length: RECORDS }, (_, i) => i)
  const context = { ...NO_CONTEXT, pause }
  await run(rddOfPartitions([{ records, steps: [], ...partition }], context), tick)
  return { longestMs, pauses }
}

const reject = (): void => undefined
const limits = { maxRecords: RECORDS, maxFraction: 1 }

test.for<[string, Parameters<typeof measure>[0], Partial<Partition<number>>?]>([
  ['map', (rdd, tick) => rdd.map(tick).collect()],
  ['count', (rdd, tick) => rdd.filter((n) => tick(n) >= 0).count()],
  ['cache', (rdd, tick) => rdd.map(tick).cache().collect()],
  [
    'reduceByKey',
    (rdd, tick) =>
      rdd
        .map((n): [number, number] => [n % 10, tick(n)])
        .reduceByKey((a, b) => a + b)
        .collect(),
  ],
  [
    'a graph',
    (rdd, tick) => Graph.fromEdges(rdd.map((n): [number, number] => [tick(n), n + 1])).numEdges(),
  ],
  [
    'a bad record',
    (rdd, tick) =>
      rdd
        .map((n) => {
          if (tick(n) === RECORDS - 1) throw new Error('bad')
          return n
        })
        .collect(),
    { origin: { reject, limits } as never },
  ],
])('the event loop turns while %s computes', async ([, run, partition]) => {
  const { longestMs, pauses } = await measure(run, partition)
  // 50 ms, and the records until the next question.
  expect(longestMs).toBeLessThanOrEqual(50 + 2 * 64 * RECORD_MS)
  expect(pauses).toBeGreaterThanOrEqual(RECORDS / 128 - 1)
})

test('records that take no time cause no pause', async () => {
  const { pauses } = await measure((rdd) => rdd.map((n) => n + 1).collect())
  expect(pauses).toBe(0)
})

test.for<[string, (graph: Graph<number>) => Promise<unknown>, number]>([
  ['ranks', (graph) => graph.staticPageRank(5).count(), (5 * RECORDS) / 64],
  ['triangles', (graph) => graph.triangleCount().count(), RECORDS / 64],
])('pauses are asked for while %s are computed', async ([, run, times]) => {
  let asked = 0
  const pause = (): undefined => {
    asked += 1
  }
  const records = Array.from({ length: RECORDS }, (_, i) => [i, i + 1])
  const edges = rddOfPartitions<[number, number]>([{ records, steps: [] }], {
    ...NO_CONTEXT,
    pause,
  })
  const graph = Graph.fromEdges(edges)
  await graph.numEdges()
  const before = asked
  await run(graph)
  expect(asked - before).toBeGreaterThanOrEqual(times)
})
