import { expect, test } from 'vitest'
import { isPaused, pauseAfterMs } from '../../../../lib/runtime/driver/schedule.ts'

const attempts = 3
const pauseMs = pauseAfterMs(attempts)
/** A pause that began at 0 by the clock of the process whose attempt failed. */
const logged = { timeMs: 0, input: '{}', firstMs: 0, attempts, retryMs: pauseMs }

test.each<[string, number, boolean]>([
  ['at once', 0, true],
  ['at its end', pauseMs, false],
  ['for a process whose clock is 1 ms behind', -1, true],
  ['for a process whose clock is as far behind as it may be', -4_000, true],
  ['for a clock that was set back by an hour', -3_600_000, false],
])('B9: a failed batch waits %s', (_, nowMs, waits) => {
  expect(isPaused(logged, nowMs)).toBe(waits)
})
