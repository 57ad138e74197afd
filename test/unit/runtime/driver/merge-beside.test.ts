/** Slices of merges are written before the driver answers: a function stands still after that. */
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { KeyedItem } from '../../../../lib/ports/item-store.ts'
import type { LogSettings } from '../../../../lib/state/state-log.ts'
import { pipelineOf, World } from '../harness.ts'

/** Merges that begin early, and have several slices. */
const SMALL: LogSettings = {
  pageRefs: 3,
  smallAfterDeltas: 4,
  smallShareMax: 0.25,
  tinyBytes: 24,
  merges: { besideBytes: 100, atOnceAfter: 5, sliceBytes: 1_000, sliceKeys: 3, mergeForMs: 60_000 },
}
const LANE = 'socketTextStream-1'
const KEYS = 12
const BATCHES = 20

test('a run of the driver ends after the slices that it writes', async () => {
  const world = new World()
  const store = { ...world.store }
  const slices = { begun: 0, written: 0 }
  Object.assign(world.store, {
    putAll: async (items: readonly KeyedItem[]) => {
      if (items[0]?.sort.includes('.m') !== true) return store.putAll(items)
      slices.begun += 1
      await setTimeout(5)
      await store.putAll(items)
      slices.written += 1
    },
  })
  const pipeline = pipelineOf((ssc) =>
    ssc
      .socketTextStream('localhost', 9999)
      .map((word): [string, number] => [word, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
      .print(),
  )
  const app = world.deploy(pipeline, { logSettings: SMALL })
  await app.run()
  const words = Array.from({ length: KEYS }, (_, key) => `key ${key}`)
  for (let batch = 0; batch < BATCHES; batch++) {
    await app.append(LANE, 1 + batch * KEYS, words)
    await app.tick()
    expect(slices.written).toBe(slices.begun)
  }
  expect(slices.written).toBeGreaterThan(4)
})
