import { expect, test } from 'vitest'
import { Progress } from '../../../cli/reports/progress.ts'
import { statusLine } from '../../../cli/reports/status-line.ts'
import type { RuntimeEvent } from '../../../lib/runtime/events.ts'

const TIME_MS = Date.UTC(2026, 0, 2, 10, 0, 5)
const NONE = { records: 0, bytes: 0, objects: 0 }
const files = (objects: number, bytes: number) => ({ records: 0, bytes, objects })
const records = (number: number) => ({ records: number, bytes: number * 100, objects: 0 })

const batch = (amount: typeof NONE, behind = NONE): RuntimeEvent => ({
  event: 'batchStarted',
  timeMs: TIME_MS,
  attempt: 1,
  delayMs: 0,
  behind,
  ...amount,
})

const completed = (amount: typeof NONE): RuntimeEvent => ({
  event: 'batchCompleted',
  timeMs: TIME_MS,
  attempt: 1,
  deadLetters: 0,
  expired: 0,
  lost: 0,
  skippedTimes: 0,
  processingMs: 0,
  ...amount,
})

const failed: RuntimeEvent = {
  event: 'batchFailed',
  timeMs: TIME_MS,
  attempt: 1,
  code: 'BATCH_FAILED',
  message: 'no',
  retryMs: 0,
}

/** An event, so long after the one before. */
type Step = readonly [afterMs: number, event?: RuntimeEvent]

/** What the line shows after events. */
const shown = (...events: readonly Step[]): string => {
  let nowMs = 0
  let line = ''
  const progress = new Progress(
    { show: (text) => void (line = text), clear: () => void (line = '') },
    { now: () => nowMs, sleep: async () => undefined },
  )
  for (const [afterMs, event] of events) {
    nowMs += afterMs
    if (event !== undefined) progress.event(event)
  }
  progress.show()
  return line
}

const MB = 1_000_000

test.for<[string, readonly Step[], string]>([
  ['a short batch is not shown', [[0, batch(files(3, MB))], [900]], ''],
  [
    'a long one says what it computes, and since when',
    [[0, batch(files(3, 1.5 * MB))], [4_200]],
    'Batch 10:00:05: 3 files, 1.5 MB, 4 s',
  ],
  ['one with records', [[0, batch(records(1))], [2_000]], 'Batch 10:00:05: 1 record, 100 B, 2 s'],
  ['without records', [[0, batch(NONE)], [2_000]], 'Batch 10:00:05: no new records, 2 s'],
  [
    'after it, nothing is shown',
    [
      [0, batch(files(1, MB))],
      [2_000, completed(NONE)],
    ],
    '',
  ],
  [
    'after a failure, nothing is shown',
    [
      [0, batch(files(1, MB), files(9, MB))],
      [2_000, failed],
    ],
    '',
  ],
  [
    'the first batch of a backlog: nobody knows how fast it goes',
    [[0, batch(files(1_000, 20 * MB), files(9_000, 180 * MB))], [1_500]],
    'Batch 10:00:05: 1,000 files, 1 s; then 9,000 files, 180 MB',
  ],
  [
    'a later one: 20 MB took 2 s, and 1 s of this batch is over',
    [
      [0, batch(files(1_000, 20 * MB), files(9_000, 180 * MB))],
      [2_000, completed(files(1_000, 20 * MB))],
      [0, batch(files(1_000, 20 * MB), files(8_000, 160 * MB))],
      [1_000],
    ],
    'Batch 10:00:05: 1,000 files, 1 s; then 8,000 files, 160 MB; 10 MB/s, 17 s left',
  ],
  [
    'a long way to go',
    [
      [0, batch(files(1, MB), files(1, 10_000 * MB))],
      [1_000, completed(files(1, MB))],
      [0, batch(files(1, MB), files(1, 10_000 * MB))],
    ],
    'Batch 10:00:05: 1 file; then 1 file, 10 GB; 1.0 MB/s, 3 h left',
  ],
])('%s', ([, events, line]) => {
  expect(shown(...events)).toBe(line)
})

test('a backlog that is done begins no other one', () => {
  const line = shown(
    [0, batch(files(1, MB), files(1, MB))],
    [5_000, completed(files(1, MB))],
    [0, batch(files(1, MB))],
    [5_000, completed(files(1, MB))],
    [60_000, batch(files(1, MB), files(1, MB))],
    [1_000],
  )
  expect(line).toBe('Batch 10:00:05: 1 file, 1 s; then 1 file, 1.0 MB')
})

test('a line never wraps, and is erased before other text', () => {
  const written: string[] = []
  const line = statusLine({ write: (text) => written.push(String(text)) > 0, columns: 10 })
  line.clear()
  line.show('0123456789')
  line.clear()
  line.clear()
  expect(written).toEqual(['\r\u001b[K012345678', '\r\u001b[K'])
})
