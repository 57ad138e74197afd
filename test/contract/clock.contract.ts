import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import type { Clock } from '../../lib/ports/clock.ts'

/** What every {@link Clock} promises that runs by itself. */
export const clockContract = (adapter: string, clock: Clock): void => {
  describe(`a clock: ${adapter}`, () => {
    test('tells whole milliseconds since the epoch', () => {
      expect(Number.isInteger(clock.now())).toBe(true)
      expect(clock.now()).toBeGreaterThan(Date.UTC(2020))
    })

    test.each([0, 1, -1, 0.5, 20])('sleeps %d ms', async (durationMs) => {
      expect(await clock.sleep(durationMs)).toBeUndefined()
    })

    test('does not sleep when already told to stop', async () => {
      await clock.sleep(3_600_000, AbortSignal.abort())
    })

    test.each([3_600_000, 2 ** 31, Number.MAX_SAFE_INTEGER, Infinity])(
      'wakes up when told to, out of %d ms, and does not reject',
      async (durationMs) => {
        const controller = new AbortController()
        const sleeping = clock.sleep(durationMs, controller.signal)
        let awake = false
        void sleeping.then(() => (awake = true))
        await clock.sleep(5)
        expect(awake).toBe(false)
        controller.abort()
        await sleeping
      },
    )

    test('leaves nothing behind on the signal', async () => {
      const { signal } = new AbortController()
      for (let count = 0; count < 20; count++) await clock.sleep(0.01, signal)
      expect(getEventListeners(signal, 'abort')).toEqual([])
    })
  })
}
