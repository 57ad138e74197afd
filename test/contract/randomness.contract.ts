import { describe, expect, test } from 'vitest'
import type { Randomness } from '../../lib/ports/randomness.ts'

/** What every {@link Randomness} promises. */
export const randomnessContract = (adapter: string, randomness: Randomness): void => {
  describe(`randomness: ${adapter}`, () => {
    const ids = Array.from({ length: 10_000 }, () => randomness.attemptId())

    test('attempt ids are letters and digits', () => {
      for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9]+$/)
    })

    test('no two are equal, even by their first half', () => {
      expect(new Set(ids.map((id) => id.slice(0, id.length / 2))).size).toBe(ids.length)
    })

    test('they have room for 96 bits', () => {
      const characters = new Set(ids.flatMap((id) => id.split(''))).size
      for (const id of ids) expect(id.length * Math.log2(characters)).toBeGreaterThanOrEqual(96)
    })
  })
}
