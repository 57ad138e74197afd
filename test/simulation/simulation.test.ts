import { describe, expect, test } from 'vitest'

import { simulate } from '../../lib/testing/index.ts'
import { failedOnce } from './regressions.ts'
import { shrink } from './shrink.ts'
import { runSeeds } from './seeds.ts'
import { runInWorkers } from './workers.ts'

/** `npm run test:long` runs more, and looks whether they see each fault. */
const SEEDS = 40
const WORKERS = 2

describe('the protocol in a world of faults', () => {
  test(`keeps every promise for ${SEEDS} seeds`, async () => {
    const summary = await runInWorkers({ from: 0, count: SEEDS }, WORKERS)
    expect(summary.failures.map(({ seed, violation }) => ({ seed, ...violation }))).toEqual([])
    expect(summary.seeds).toBe(SEEDS)
  }, 240_000)

  test.each(failedOnce)(
    'seed $seed stays fixed: $what',
    async ({ seed }) => {
      expect((await simulate(seed)).violation).toBeUndefined()
    },
    60_000,
  )

  test('runs all seeds with a pipeline that is named, in threads and without', async () => {
    const range = { from: 10, count: 2, pipeline: 'coded-words' }
    const [here, inThreads] = [await runSeeds(range), await runInWorkers(range, 1)]
    expect(here.sightings).toMatchObject({ 'pipeline coded-words': 2 })
    expect(inThreads).toEqual(here)
    const unknown = runSeeds({ ...range, pipeline: 'nothing' })
    await expect(unknown).rejects.toThrow('There is no pipeline nothing, but ')
  }, 60_000)

  test('gives the same run for the same seed', async () => {
    const [first, second] = [await simulate(7, { trace: true }), await simulate(7, { trace: true })]
    expect(first.trace.length).toBeGreaterThan(100)
    expect(second).toEqual(first)
  }, 60_000)

  test('a fault that is left out does not happen', async () => {
    const { faults } = await simulate(7)
    const [first] = faults
    expect(first).toBeDefined()
    const without = await simulate(7, { without: faults.slice(0, 1) })
    expect(without.faults).toEqual(faults.slice(1))
    expect(Object.keys(without.sightings)).not.toContain(first)
  }, 60_000)

  test('a failure is shrunk as long as the same checker fails', async () => {
    const result = await simulate(7)
    const shrunk = await shrink({ ...result, violation: undefined })
    expect(shrunk.workload).toBe(0.12)
    expect(shrunk.result.faults).toEqual([])
  }, 120_000)
})
