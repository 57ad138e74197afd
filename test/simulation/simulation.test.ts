import { describe, expect, test } from 'vitest'

import { faultKinds, simulate } from '../../lib/testing/index.ts'
import { huntPlantedBugs } from './hunt.ts'
import { plantedBugs } from './planted-bugs.ts'

const SEEDS = 300
/** Seeds that have failed once, and what they found: they must never fail again. */
const FAILED_ONCE: readonly (readonly [seed: number, what: string])[] = [
  [3, 'a driver whose clock is a day ahead committed batches of the next day, and left nothing to do until then'],
  [103, 'a process that had stood still adopted a head whose manifest was gone by then, and took that for lost data'],
  [15, 'a sweep of dozens of calls in every cold start kept each attempt from getting through, until the application was given up'],
]

describe('the protocol in a world of faults', () => {
  test(`keeps every promise for ${SEEDS} seeds, which together see every kind of fault`, async () => {
    const seen = new Set<string>()
    const broken: string[] = []
    for (let seed = 0; seed < SEEDS; seed++) {
      const { violation, faults } = await simulate(seed)
      faults.forEach((kind) => seen.add(kind))
      if (violation !== undefined) broken.push(`seed ${seed}: ${violation.checker}: ${violation.what}`)
    }
    expect(broken).toEqual([])
    expect([...seen].sort()).toEqual([...faultKinds].sort())
  }, 240_000)

  test.each(FAILED_ONCE)('seed %i stays mended: %s', async (seed) => {
    expect((await simulate(seed)).violation).toBeUndefined()
  })

  test('gives the same run for the same seed', async () => {
    const [first, second] = [await simulate(7, { trace: true }), await simulate(7, { trace: true })]
    expect(first.trace.length).toBeGreaterThan(100)
    expect(second).toEqual(first)
  })
})

describe('planted bugs', () => {
  test('are all found', async () => {
    const finds = await huntPlantedBugs(400)
    expect(finds.map(({ name, checker }) => [name, checker !== undefined])).toEqual(plantedBugs.map(({ name }) => [name, true]))
  }, 240_000)
})
