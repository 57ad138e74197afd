import { expect, test } from 'vitest'
import { pipelineOf, World } from '../harness.ts'

/** A store whose clock is ahead of that of the process, by so many milliseconds. */
const worldOf = (aheadMs: number): World => {
  const world = new World()
  Object.assign(world.store, { answeredMs: () => world.nowMs + aheadMs })
  return world
}

test.each([
  [-2_001, 'skewed'],
  [-2_000, 'idle'],
  [0, 'idle'],
  [2_000, 'idle'],
  [2_001, 'skewed'],
  [3_600_000, 'skewed'],
])('a store whose clock is %i ms ahead: %s', async (aheadMs, kind) => {
  const counts: number[] = []
  const app = worldOf(aheadMs).deploy(
    pipelineOf((ssc) => {
      ssc.socketTextStream('localhost', 9999).foreachRDD(async (rdd) => {
        counts.push(await rdd.count())
      })
    }),
  )
  await app.append('socketTextStream-1', 1, ['a'])
  expect((await app.tick(1)).kind).toBe(kind)
  expect(counts).toEqual(kind === 'skewed' ? [] : [1])
})
