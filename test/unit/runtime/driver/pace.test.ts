import { describe, expect, test } from 'vitest'
import { Pace } from '../../../../lib/runtime/driver/pace.ts'

const paceOf = (intervalMs: number) => {
  const said: string[] = []
  const pace = new Pace(intervalMs, (event) => void said.push(event.event))
  return { pace, said }
}

/** The last batch was at `doneMs`; the clock says 0. */
describe.each([
  // interval, by how much the last batch is ahead, whether that counts
  [1_000, 1_000, false],
  [1_000, 4_000, false],
  [1_000, 4_001, true],
  [60_000, 60_000, false],
  [60_000, 60_001, true],
])(
  'an interval of %i ms, and a last batch %i ms ahead of the clock',
  (intervalMs, doneMs, isAhead) => {
    test(`is ${isAhead ? '' : 'not '}said`, () => {
      const { pace, said } = paceOf(intervalMs)
      pace.check(doneMs, 0)
      expect(said).toEqual(isAhead ? ['warning'] : [])
    })

    test('the next batch is due', () => {
      const { pace } = paceOf(intervalMs)
      pace.started(-1)
      const timeMs = doneMs + intervalMs
      expect(pace.dueMs(timeMs, doneMs, 0)).toBe(isAhead ? intervalMs - 1 : timeMs)
    })
  },
)

test.each([
  ['at its own time, if that is earlier', 2_500, 2_000, 2_500],
  ['an interval after the last start', 9_000, 2_000, 3_000],
  ['now, if the last start is from before the clock was set back', 9_000, 6_000, 0],
])('ahead of the clock, a batch is due %s', (_, timeMs, startedMs, dueMs) => {
  const { pace } = paceOf(1_000)
  const nowMs = startedMs > 5_000 ? 0 : startedMs
  pace.started(startedMs)
  expect(pace.dueMs(timeMs, nowMs + 4_001, nowMs)).toBe(dueMs)
})

test('a clock that is set back again is said again', () => {
  const { pace, said } = paceOf(1_000)
  for (const nowMs of [0, 500, 9_000, 0, 500]) pace.check(9_000, nowMs)
  expect(said).toEqual(['warning', 'warning'])
})
