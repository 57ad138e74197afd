import { greatestOf } from '../lib/base/extremes.ts'
import { preview } from '../lib/base/error-text.ts'
import { oneLine } from '../lib/base/printable.ts'
import { findingText } from '../lib/runtime/operations/doctor/finding.ts'
import { fallingFinding } from '../lib/runtime/operations/doctor/pace.ts'
import type {
  BatchOverview,
  FilesOverview,
  LaneOverview,
  Overview,
} from '../lib/runtime/operations/status.ts'
import type { Head, LoggedBatch } from '../lib/state/head.ts'
import { keptCount } from '../lib/state/kept-tasks.ts'
import { isRedriveLane } from '../lib/runtime/dead-letters/redrive-lanes.ts'
import type { Deployment } from '../lib/tools/deployment.ts'
import { withShownPaths } from '../lib/tools/shown-paths.ts'
import { expiryText } from './expiry-text.ts'
import { count } from '../lib/base/amount-text.ts'
import { cellsOf, padCells } from './reports/cells.ts'
import { firstLine, timeText } from './reports/answer.ts'
import type { Style } from './reports/style.ts'

/** Where and when the status was read. */
export interface StatusContext {
  readonly location: string
  /** The option that names the application in other commands. */
  readonly target: string
  readonly nowMs: number
  /** Undefined: the application is on this machine. */
  readonly deployed: Deployment | undefined
}

type Row = readonly [label: string, text: string]

/** The status as text for the user: first the application, then a table of batches. */
export const statusText = (overview: Overview, context: StatusContext): string => {
  const { app, head, states, accumulators, broadcasts, batches } = overview
  const rows: readonly Row[] = [
    ['status', statusLine(overview, context)],
    ...noteRows(overview, context),
    ...(head === undefined ? [] : lastBatchRows(head, context)),
    ...sourceRows(overview, context),
    ...overview.files.map(filesRow),
    ...(head?.load?.falling === undefined
      ? []
      : [['load', findingText(fallingFinding(head.load.falling))] as const]),
    ...states.map((state): Row => [
      `state ${state.id}`,
      `${count(state.bytes, 'byte')} in ${count(state.segments, 'segment')}${expiryText(state)}`,
    ]),
    ...broadcasts.map(({ name, bytes, loadedMs }): Row => [
      `broadcast ${name}`,
      `${count(bytes, 'byte')}, loaded for the batch of ${timeText(loadedMs)}`,
    ]),
    ...accumulators.map(({ name, value }): Row => [`accumulator ${name}`, oneLine(preview(value))]),
    ...(head === undefined ? [] : deadLetterRows(overview)),
    ...(head === undefined ? [] : [['generation', generationText(head, context)] as const]),
    ...logRows(context),
  ]
  return [
    `${app} in ${context.location}`,
    ...alignColumns(rows),
    '',
    ...batchTable(batches),
    '',
  ].join('\n')
}

/** How a line of the status is shown: what is wrong, and whether all is well. */
export const statusStyle = (line: string): Style | undefined => {
  if (/^ {2}status +(healthy|at rest: )/.test(line)) return 'good'
  if (/^ {2}status +(FAILED|the driver cannot run|superseded)/.test(line)) return 'bad'
  return /^ {2}(status +(at rest, but|no batch has run)|load +Falling)/.test(line)
    ? 'warning'
    : undefined
}

const lastBatchRows = (head: Head, context: StatusContext): readonly Row[] => [
  [
    'last batch',
    head.manifest === undefined
      ? 'none yet'
      : `${timeText(head.doneMs)}, ${agoText(context.nowMs - head.doneMs)}`,
  ],
  ...loggedRows(head, context),
]

const deadLetterRows = ({ deadLetters }: Overview): readonly Row[] => {
  const codes = Object.entries(deadLetters.byCode).map(([code, number]) => `${number} ${code}`)
  const text =
    codes.length === 0 ? 'none' : `${codes.join(', ')} since ${timeText(deadLetters.sinceMs)}`
  return [
    ['dead letters', text],
    ...deadLetters.some.map(({ at, message }): Row => [
      '',
      oneLine(`${at}: ${firstLine(message)}`),
    ]),
  ]
}

/** What waits, a row for each source: a source may have thousands of lanes. */
const sourceRows = ({ lanes }: Overview, { nowMs }: StatusContext): readonly Row[] =>
  [...Map.groupBy(lanes.filter(isWorthSeeing), ({ source }) => source)].map(([source, own]) => {
    const { records, entries, oldestMs } = waitingIn(own)
    const waiting =
      entries === 0
        ? 'nothing waits'
        : `${count(records, 'record')} in ${count(entries, 'entry', 'entries')} waiting, ` +
          `the oldest taken in ${agoText(nowMs - oldestMs)}`
    return [`source ${source}`, `${count(own.length, 'lane')}; ${waiting}`]
  })

/** How far a directory or a bucket is read. */
const filesRow = ({ source, taken, backfill, after, pending = 0 }: FilesOverview): Row => {
  if (taken !== undefined) return [`source ${source}`, `${count(taken, 'file')} taken`]
  const place = after === undefined ? '' : `, up to ${oneLine(after)}`
  const before =
    backfill === undefined
      ? []
      : [
          `what was there before: ${count(backfill.found, 'object')} found, ` +
            `${count(backfill.listed, 'name')} listed` +
            (backfill.doneMs === undefined ? `${place}; the listing goes on` : ', all of them'),
        ]
  return [`source ${source}`, [...before, `${count(pending, 'object')} pending`].join('; ')]
}

interface Waiting {
  readonly records: number
  readonly entries: number
  /** When intake took the oldest of them. Infinity: none waits. */
  readonly oldestMs: number
}

const waitingIn = (lanes: readonly LaneOverview[]): Waiting => ({
  records: lanes.reduce((total, lane) => total + lane.waitingRecords, 0),
  entries: lanes.reduce((total, lane) => total + lane.waitingEntries, 0),
  oldestMs: lanes.reduce((oldest, lane) => Math.min(oldest, lane.oldestMs ?? Infinity), Infinity),
})

/**
 * A driver that cannot run is called each minute, and renews its note. An older note is of a
 * process that is no more, while another one runs: only its own success takes a note back.
 */
const isKeptFromRunning = ({ driverNote }: Overview, nowMs: number): boolean =>
  driverNote !== undefined && nowMs - driverNote.atMs <= SILENCE_MS_MAX

const noteRows = ({ driverNote }: Overview, { nowMs }: StatusContext): readonly Row[] => {
  if (driverNote === undefined) return []
  const { atMs, message } = driverNote
  return [
    ['driver', `threw last at ${timeText(atMs)}, ${agoText(nowMs - atMs)}`],
    ...linesOf('with', message),
  ]
}

const linesOf = (label: string, text: string): readonly Row[] =>
  withShownPaths(text)
    .split('\n')
    .map((line, index): Row => [index === 0 ? label : '', oneLine(line)])

/** Each redrive has its own lanes. A lane of a finished redrive is not interesting. */
const isWorthSeeing = ({ lane, waitingRecords }: LaneOverview): boolean =>
  !isRedriveLane(lane) || waitingRecords > 0

const generationText = (head: Head, { deployed }: StatusContext): string => {
  const text = `${head.generation}, plan ${head.plan}, epoch ${head.epoch}`
  if (deployed === undefined || deployed.generation === head.generation) return text
  return deployed.generation > head.generation
    ? `${text}; ${deployed.generation} is deployed and has not run yet`
    : `${text}; ${deployed.generation} is deployed and may not run: deploy with a higher one`
}

const logRows = ({ deployed }: StatusContext): readonly Row[] =>
  deployed === undefined
    ? []
    : [['logs', `${deployed.logs.driver} (driver), ${deployed.logs.intake} (intake)`]]

/** The driver of a deployed application is called each minute, at rest too. */
const SILENCE_MS_MAX = 180_000

const statusLine = (overview: Overview, context: StatusContext): string => {
  const { head, lanes } = overview
  const { nowMs, target, deployed } = context
  const { entries, oldestMs } = waitingIn(lanes)
  const isLate = deployed !== undefined && nowMs - oldestMs > SILENCE_MS_MAX
  if (isKeptFromRunning(overview, nowMs))
    return 'the driver cannot run; it is called again each minute'
  if (deployed !== undefined && head !== undefined && deployed.generation < head.generation)
    return `superseded: generation ${head.generation} owns the table, and an older one is deployed`
  if (head === undefined)
    return entries === 0
      ? 'nothing has run yet'
      : `no batch has run yet, and records wait since ${timeText(oldestMs)}${isLate ? SILENT : ''}`
  if (head.status === 'failed')
    return (
      `FAILED: millrace resume ${target} tries the batch again, ` +
      `millrace skip ${target} skips it`
    )
  if (head.status === 'rest' && entries === 0) return 'at rest: no record waits'
  if (head.status === 'rest')
    return isLate
      ? `at rest, but records wait since ${timeText(oldestMs)}${SILENT}`
      : 'at rest, and about to wake: records wait'
  const silentMs = deployed === undefined ? 0 : overdueMs(head, deployed, nowMs)
  if (silentMs > SILENCE_MS_MAX)
    return `no batch has run since ${timeText(head.doneMs)}, and one was due${SILENT}`
  return head.logged === undefined
    ? 'healthy: no batch is unfinished'
    : 'a batch has started and is not finished'
}

const SILENT = ': the driver is not called, or cannot start; see its log and its alarms'

/** For how long a batch has been due that nobody tries. */
const overdueMs = (
  { doneMs, wakeMs, leaseEndMs, owner, logged }: Head,
  { intervalMs = 900_000 }: Deployment,
  nowMs: number,
): number => {
  const dueMs =
    logged === undefined
      ? Math.max(doneMs + intervalMs, wakeMs)
      : Math.max(logged.retryMs, logged.firstMs)
  return nowMs - Math.max(dueMs, owner === undefined ? 0 : leaseEndMs)
}

const loggedRows = ({ logged, reason, status }: Head, { nowMs }: StatusContext): readonly Row[] => {
  if (logged === undefined) return []
  const next =
    status !== 'failed' && logged.retryMs > nowMs ? `, next try ${timeText(logged.retryMs)}` : ''
  const rows: readonly Row[] = [
    [
      'unfinished',
      `the batch at ${logged.timeMs} ms, ${count(logged.attempts, 'attempt')} since ` +
        `${timeText(logged.firstMs)}${next}${handedOnText(logged)}`,
    ],
  ]
  return reason === undefined ? rows : [...rows, ...linesOf('failed with', reason.message)]
}

const handedOnText = ({ handedOn = 0, kept }: LoggedBatch): string =>
  handedOn === 0
    ? ''
    : `, handed on ${count(handedOn, 'time')}, with ` +
      `${count(keptCount(kept?.stages ?? []), 'task')} kept`

const alignColumns = (rows: readonly Row[]): readonly string[] => {
  const width = greatestOf(rows.map(([label]) => cellsOf(label)))
  return rows.map(([label, text]) => `  ${padCells(label, width)}  ${text}`)
}

const batchTable = (batches: readonly BatchOverview[]): readonly string[] => {
  if (batches.length === 0) return []
  const header = ['batch time', 'records', 'files', 'bytes', 'dead letters', 'took', 'attempt']
  const rows = batches.map((batch) => [
    timeText(batch.timeMs),
    String(batch.records),
    String(batch.objects),
    String(batch.bytes),
    String(batch.deadLetters),
    `${batch.processingMs} ms`,
    batch.skipped === undefined ? String(batch.attempt) : 'skipped',
  ])
  const widths = header.map((_, column) =>
    greatestOf([header, ...rows].map((row) => row[column]?.length ?? 0)),
  )
  const align = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return [header, ...rows].map(
    (row) => `  ${row.map((cell, column) => align(cell, column)).join('  ')}`,
  )
}

const agoText = (ms: number): string => {
  if (Math.abs(ms) < 1_000) return 'now'
  return ms < 0 ? `${unitText(-ms)} ahead of the clock` : `${unitText(ms)} ago`
}

const unitText = (ms: number): string => {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1_000],
  ] as const
  const [name, unitMs] = units.find(([, size]) => ms >= size) ?? ['second', 1_000]
  return count(Math.floor(ms / unitMs), name)
}
