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
    { show: ([text = '']) => void (line = text), clear: () => void (line = '') },
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
    'Batch 10:00:05: 1,000 files, 1 s; then 8,000 files, 160 MB; 10 MB/s; 10 %, 17 s left',
  ],
  [
    'a long way to go',
    [
      [0, batch(files(1, MB), files(1, 10_000 * MB))],
      [1_000, completed(files(1, MB))],
      [0, batch(files(1, MB), files(1, 10_000 * MB))],
    ],
    'Batch 10:00:05: 1 file; then 1 file, 10 GB; 1.0 MB/s; 0 %, 3 h left',
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

test('a batch that began late says so', () => {
  const late = { ...batch(records(1)), delayMs: 12_400 } as RuntimeEvent
  expect(shown([0, late], [2_000])).toBe('Batch 10:00:05: 1 record, 100 B, 2 s, 12 s late')
})

/** A terminal whose width can be changed, and what is written to it. */
const terminalOf = (columns?: number) => {
  const written: string[] = []
  const write = (text: Uint8Array | string): boolean => written.push(String(text)) > 0
  return { written, terminal: { write, columns } as { write: typeof write; columns: number } }
}

const ERASE = '\r\u001b[K'

test('a line never wraps, and is erased before other text', () => {
  const { terminal, written } = terminalOf(12)
  const line = statusLine(terminal)
  line.clear()
  line.show(['0123456789abc'])
  line.show(['0123456789abcdef'])
  line.clear()
  line.clear()
  expect(written).toEqual([`${ERASE}0123456789a`, ERASE])
})

test.each<[string, number | undefined, readonly string[], string]>([
  ['the longest that fits', 12, ['a longer text', 'a text', 'text'], `${ERASE}a text`],
  ['wide letters take two cells', 12, ['日本語日本語'], `${ERASE}日本語日本`],
  [
    'an accent takes none, and stays with its letter',
    12,
    [`${'e\u0301'.repeat(12)}`],
    `${ERASE}${'e\u0301'.repeat(11)}`,
  ],
  ['a picture is not cut', 12, ['0123456789👩‍🚀'], `${ERASE}0123456789`],
  ['unknown width', undefined, ['x'.repeat(100)], ERASE + 'x'.repeat(79)],
  ['width 0, as some terminals say', 0, ['x'.repeat(100)], ERASE + 'x'.repeat(79)],
  ['too narrow for a word', 8, ['Batch 10:00:05'], ''],
])('%s', (_, columns, texts, expected) => {
  const { terminal, written } = terminalOf(columns)
  statusLine(terminal).show(texts)
  expect(written.join('')).toBe(expected)
})

test('a terminal that gets another size gets a line of that size', () => {
  const { terminal, written } = terminalOf(40)
  const line = statusLine(terminal)
  for (const columns of [40, 20, 80, 8, 40]) {
    terminal.columns = columns
    line.show(['x'.repeat(60), 'x'.repeat(30), 'x'.repeat(15)])
  }
  expect(written).toEqual([30, 15, 60, 0, 30].map((length) => ERASE + 'x'.repeat(length)))
})

test.each([
  [200, 'Batch 10:00:05: 1,000 files, 1 s; then 8,000 files, 160 MB; 10 MB/s; 10 %, 17 s left'],
  [80, 'Batch 10:00:05, 1 s; then 8,000 files, 160 MB; 10 MB/s; 10 %, 17 s left'],
  [40, 'Batch 10:00:05, 1 s; 10 %, 17 s left'],
])('at %d columns, what is wanted most is there', (columns, expected) => {
  const { terminal, written } = terminalOf(columns)
  let nowMs = 0
  const clock = { now: () => nowMs, sleep: async () => undefined }
  const progress = new Progress(statusLine(terminal), clock)
  progress.event(batch(files(1_000, 20 * MB), files(9_000, 180 * MB)))
  nowMs = 2_000
  progress.event(completed(files(1_000, 20 * MB)))
  progress.event(batch(files(1_000, 20 * MB), files(8_000, 160 * MB)))
  nowMs = 3_000
  progress.show()
  expect(written.join('')).toBe(ERASE + expected)
})
