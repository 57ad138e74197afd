/** `millrace batches`: the history of an application as a table, also while it grows. */
import { oneLine } from '../lib/base/printable.ts'
import { durationText } from '../lib/dstream/listening/time-text.ts'
import { type BatchRecord, timingsOf } from '../lib/state/history/batch-record.ts'
import { followHistory, newestBatches } from '../lib/state/history/read-history.ts'
import type { OpenApp } from './open-app.ts'
import { firstLine, jsonLine, timeText } from './reports/answer.ts'
import type { Outputs } from './reports/reporter.ts'
import type { Style } from './reports/style.ts'
import { parseSince } from './since.ts'
import { usage } from './usage.ts'

/** Which batches to show. */
export interface BatchesOptions {
  /** A time or an age, as the user wrote it. */
  readonly since: string
  readonly limit: number
  /** Whether to go on with those that come. */
  readonly watch: boolean
}

const SINCE = '7d'
const LIMIT = 20

/**
 * Reads the options.
 *
 * @throws MillraceError `USAGE`.
 */
export const batchesOptions = ({
  since = SINCE,
  limit = String(LIMIT),
  watch = false,
}: {
  readonly since?: string | undefined
  readonly limit?: string | undefined
  readonly watch?: boolean | undefined
}): BatchesOptions => {
  if (parseSince(since, 0) === undefined)
    throw usage(
      '--since must be a time (2026-11-28T10:00Z) or an age (2h)',
      since,
      'a date, a date with a time, or an age in s, m, h or d',
      'for example: --since 2026-11-22T10:00Z, or --since 12h',
    )
  if (!/^[1-9]\d{0,5}$/.test(limit))
    throw usage(
      '--limit must be a number of batches',
      limit,
      'a whole number from 1 to 999999',
      'for example: --limit 100',
    )
  return { since, limit: Number(limit), watch }
}

/** Shows the batches, the oldest first. With `watch`, goes on until the process ends. */
export const batches = async (
  { store, app, clock, lastMs }: OpenApp,
  { since, limit, watch }: BatchesOptions,
  { json, outputs }: { readonly json: boolean; readonly outputs: Outputs },
): Promise<void> => {
  const range = { fromMs: parseSince(since, clock.now()) ?? 0, toMs: await lastMs(), limit }
  const found = (await newestBatches(store, app, range)).toReversed()
  const { out } = outputs
  if (json) for (const one of found) out.print(jsonLine(jsonOf(one)))
  else if (found.length > 0 || watch) {
    out.print(`${HEADER}\n`)
    for (const one of found) out.print(`${rowOf(one)}\n`, styleOf(one))
  } else out.print(`${app} has run no batch since ${timeText(range.fromMs)}\n`)
  if (!watch) return
  const done = found.findLast(({ status, attempt }) => status !== 'failed' && attempt > 0)
  const { signal } = new AbortController()
  const shown = new Set(found.map(nameOf))
  const afterMs = done?.timeMs ?? range.fromMs - 1
  for await (const one of followHistory(store, app, { afterMs, clock, signal }))
    if (!shown.has(nameOf(one)))
      if (json) out.print(jsonLine(jsonOf(one)))
      else out.print(`${rowOf(one)}\n`, styleOf(one))
}

const styleOf = ({ status, isFinal }: BatchRecord): Style | undefined => {
  if (status === 'completed') return undefined
  return isFinal === true ? 'bad' : 'warning'
}

const nameOf = ({ timeMs, status, attempt }: BatchRecord): string =>
  `${timeMs} ${status} ${attempt}`

/** The record, with its delays. */
const jsonOf = (record: BatchRecord): object => ({ ...record, ...timingsOf(record) })

const COLUMNS = [
  ['batch time', 20],
  ['status', 9],
  ['records', 12],
  ['sched. delay', 12],
  ['processing', 10],
  ['total', 8],
  ['attempts', 8],
  ['dead letters', 12],
] as const

/** Columns have fixed widths: rows that come later stand below the first ones. */
const line = (cells: readonly string[], reason: string): string => {
  const aligned = COLUMNS.map(([, width], column) => {
    const cell = cells[column] ?? ''
    return column < 2 ? cell.padEnd(width) : cell.padStart(width)
  })
  return [...aligned, reason].join('  ').trimEnd()
}

const HEADER = line(
  COLUMNS.map(([title]) => title),
  'reason',
)

const delayText = (ms: number | undefined): string => (ms === undefined ? '-' : durationText(ms))

const rowOf = (record: BatchRecord): string => {
  const { timeMs, status, records, processingMs, attempt, deadLetters, reason, isFinal } = record
  const { schedulingDelayMs, totalDelayMs } = timingsOf(record)
  const hasRun = status !== 'skipped'
  return line(
    [
      timeText(timeMs),
      isFinal === true ? 'FAILED' : status,
      records.toLocaleString('en-US'),
      delayText(schedulingDelayMs),
      delayText(hasRun ? processingMs : undefined),
      delayText(totalDelayMs),
      String(attempt),
      String(deadLetters),
    ],
    reason === undefined ? '' : reasonText(reason),
  )
}

const reasonText = ({ message, thrownAt }: NonNullable<BatchRecord['reason']>): string =>
  oneLine(`${firstLine(message)}${thrownAt === undefined ? '' : ` at ${thrownAt}`}`)
