import { expect, test } from 'vitest'

import { huntPlantedBugs, isFound } from './hunt.ts'
import { plantedBugs } from './planted-bugs.ts'
import { neverSeen } from './seeds.ts'
import { runInWorkers } from './workers.ts'

/** `npm test` runs the first ones of these. */
const SEEDS = 400
const WORKERS = 2
/** It is for tests that hang. Others may run beside these, and come first. */
const TIMEOUT_MS = 3_000_000

test(
  `${SEEDS} seeds keep every promise, and see each fault and recovery`,
  async () => {
    const summary = await runInWorkers({ from: 0, count: SEEDS }, WORKERS)
    expect(summary.failures.map(({ seed, violation }) => ({ seed, ...violation }))).toEqual([])
    expect(neverSeen(summary)).toEqual([])
    expect(summary.seeds).toBe(SEEDS)
  },
  TIMEOUT_MS,
)

test(
  'the planted bugs are found',
  async () => {
    const finds = await huntPlantedBugs(1_000)
    expect(finds.map((find) => [find.name, isFound(find)])).toEqual(
      plantedBugs.map(({ name }) => [name, true]),
    )
  },
  TIMEOUT_MS,
)
