import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../../../lib/runtime/driver/outcome.ts'
import {
  delaySeconds,
  parseTrigger,
  type Trigger,
  triggersAfter,
} from '../../../../lib/runtime/driver/triggers.ts'

/** On the grid of every interval used here. */
const NOW = 1_700_000_100_000
const reason = { code: 'BATCH_FAILED', message: 'no' }

describe('a message', () => {
  test.each<[string, Trigger]>([
    ['{"app":"a","scheduleMinute":true}', { app: 'a', scheduleMinute: true }],
    ['{"app":"a","atMs":5}', { app: 'a', atMs: 5, scheduleMinute: false }],
  ])('%s', (text, trigger) => expect(parseTrigger(text)).toEqual(trigger))

  test.each(['', 'null', '[]', '{"atMs":5}', '{"app":"a","atMs":"5"}'])(
    '%s is not a trigger',
    (text) => {
      expect(() => parseTrigger(text)).toThrow(
        expect.objectContaining({ code: 'EVENT_INVALID' }) as Error,
      )
    },
  )
})

test.each([
  { atMs: undefined, seconds: 0 },
  { atMs: NOW - 1, seconds: 0 },
  { atMs: NOW + 1, seconds: 1 },
  { atMs: NOW + 1_000, seconds: 1 },
  { atMs: NOW + 1_001, seconds: 2 },
  { atMs: NOW + 3_600_000, seconds: 900 },
])('a trigger for $atMs is delayed by $seconds s', ({ atMs, seconds }) => {
  expect(delaySeconds({ app: 'a', ...(atMs === undefined ? {} : { atMs }) }, NOW)).toBe(seconds)
})

describe('the next triggers, in seconds from now', () => {
  interface Row {
    readonly what: string
    readonly outcome: Outcome
    readonly trigger: Omit<Trigger, 'app'>
    readonly intervalMs?: number
    readonly next: readonly number[]
  }
  const scheduleTriggers = { scheduleMinute: true }
  const rows: readonly Row[] = [
    {
      what: 'none at rest',
      outcome: { kind: 'idle', dueMs: undefined },
      trigger: scheduleTriggers,
      next: [],
    },
    {
      what: 'none when failed',
      outcome: { kind: 'failed', reason },
      trigger: scheduleTriggers,
      next: [],
    },
    {
      what: 'none when superseded',
      outcome: { kind: 'superseded', generation: 2 },
      trigger: scheduleTriggers,
      next: [],
    },
    {
      what: 'none after a trigger in the minute',
      outcome: { kind: 'idle', dueMs: NOW + 20_000 },
      trigger: { atMs: NOW },
      next: [],
    },
    {
      what: 'the minute, on schedule',
      outcome: { kind: 'idle', dueMs: NOW + 10_000 },
      trigger: scheduleTriggers,
      next: [10, 30, 50],
    },
    {
      what: 'the minute, after intake',
      outcome: { kind: 'idle', dueMs: NOW + 20_000 },
      trigger: { atMs: NOW, scheduleMinute: true },
      next: [20, 40],
    },
    {
      what: 'one immediately for all overdue batches',
      outcome: { kind: 'idle', dueMs: NOW - 172_800_000 },
      trigger: scheduleTriggers,
      next: [0, 20, 40],
    },
    {
      what: 'nothing in the minute',
      outcome: { kind: 'idle', dueMs: NOW + 60_000 },
      trigger: scheduleTriggers,
      next: [],
    },
    {
      what: 'again, after a trigger that came early',
      outcome: { kind: 'idle', dueMs: NOW + 5_000 },
      trigger: { atMs: NOW + 5_000 },
      next: [5],
    },
    {
      what: 'the minute while another runs',
      outcome: { kind: 'busy', untilMs: NOW + 900_000 },
      trigger: scheduleTriggers,
      next: [20, 40],
    },
    {
      what: 'none while another runs',
      outcome: { kind: 'busy', untilMs: NOW + 5_000 },
      trigger: { atMs: NOW },
      next: [],
    },
    {
      what: 'immediately, to continue',
      outcome: { kind: 'progressed' },
      trigger: { atMs: NOW },
      next: [0],
    },
    {
      what: 'immediately and the minute',
      outcome: { kind: 'progressed' },
      trigger: scheduleTriggers,
      next: [0, 20, 40],
    },
    {
      what: 'the retry, before the next batch time',
      outcome: { kind: 'retry', atMs: NOW + 4_000, reason },
      trigger: { atMs: NOW },
      next: [4],
    },
    {
      what: 'no retry after the next batch time',
      outcome: { kind: 'retry', atMs: NOW + 40_000, reason },
      trigger: { atMs: NOW },
      next: [],
    },
    {
      what: 'every second',
      outcome: { kind: 'idle', dueMs: NOW + 57_000 },
      trigger: scheduleTriggers,
      intervalMs: 1_000,
      next: [57, 58, 59],
    },
    {
      what: 'none after a trigger of another clock',
      outcome: { kind: 'skewed', skewMs: 5_000 },
      trigger: { atMs: NOW },
      next: [],
    },
  ]
  test.each(rows)('$what', ({ outcome, trigger, intervalMs = 20_000, next }) => {
    const triggers = triggersAfter({
      app: 'a',
      outcome,
      nowMs: NOW,
      intervalMs,
      triggers: [{ app: 'a', ...trigger }],
    })
    expect(triggers.map(({ atMs = 0 }) => (atMs - NOW) / 1_000)).toEqual(next)
    expect(
      triggers.every(({ app, scheduleMinute }) => app === 'a' && scheduleMinute === undefined),
    ).toBe(true)
  })
})
