import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Usage, UsageKind } from '../../../lib/base/prices.ts'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import { packUsage, unpackUsage } from '../../../lib/state/lane-usage.ts'
import { type Lane, readLane, swapLane } from '../../../lib/state/lanes.ts'

const KINDS: readonly UsageKind[] = [
  'writeUnits',
  'readUnits',
  'objectWrites',
  'objectReads',
  'queueRequests',
  'invocations',
  'gigabyteSeconds',
  'logBytes',
]

describe('what intake has used, as a lane stores it', () => {
  test.each<[string, Usage, string]>([
    ['nothing', {}, ''],
    ['parts of seconds', { gigabyteSeconds: 1.5 }, '      15o'],
    ['a unit of each', { writeUnits: 1, readUnits: 1 }, 'rs rs'],
  ])('%s', (_, usage, packed) => {
    expect(packUsage(usage)).toBe(packed)
    expect(unpackUsage(packed)).toEqual(usage)
  })

  test('comes back, to a thousandth', () => {
    const amounts = fc.array(fc.double({ min: 0.001, max: 1e12, noNaN: true }), {
      minLength: KINDS.length,
      maxLength: KINDS.length,
    })
    fc.assert(
      fc.property(amounts, (drawn) => {
        const usage = Object.fromEntries(KINDS.map((kind, index) => [kind, drawn[index] ?? 0]))
        const read = unpackUsage(packUsage(usage)) as Record<string, number>
        for (const kind of KINDS)
          expect(Math.abs((read[kind] ?? 0) - (usage[kind] ?? 0))).toBeLessThanOrEqual(0.001)
      }),
    )
  })

  test('takes little room, also after years', () => {
    const years = Object.fromEntries(KINDS.map((kind) => [kind, 1e9]))
    expect(packUsage(years).length).toBeLessThan(72)
  })

  test('of a later version is read as far as it is known', () => {
    expect(unpackUsage('rs rs rs rs rs rs rs rs zz zz')).toEqual(
      Object.fromEntries(KINDS.map((kind) => [kind, 1])),
    )
  })

  test('is not in a lane in which nobody counts', async () => {
    const store = memoryItemStore()
    const lane: Lane = {
      source: 'lines',
      lane: '0',
      tail: '0',
      by: 'me',
      parents: [],
      pages: [],
      entries: [],
    }
    await swapLane(store, 'app', undefined, lane)
    expect(await readLane(store, 'app', 'lines', '0')).toEqual(lane)
    const counted = { ...lane, used: { writeUnits: 7 } }
    await swapLane(store, 'app', lane, counted)
    expect(await readLane(store, 'app', 'lines', '0')).toEqual(counted)
  })
})
