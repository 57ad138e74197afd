import { oneLine } from '../lib/base/printable.ts'
import type { BatchOverview, LaneOverview, Overview } from '../lib/runtime/operations/status.ts'
import type { Head } from '../lib/state/head.ts'
import { isRedriveLane } from '../lib/runtime/dead-letters/redrive-lanes.ts'
import type { Deployment } from '../lib/tools/deployment.ts'
import { count, firstLine, timeText } from './reports/answer.ts'

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
export const statusText = (
  { app, head, lanes, states, batches, deadLetters }: Overview,
  context: StatusContext,
): string => {
  if (head === undefined) return `${app} in ${context.location}: nothing has run yet\n`
  const codes = Object.entries(deadLetters.byCode).map(([code, number]) => `${number} ${code}`)
  const rows: readonly Row[] = [
    ['status', statusLine(head, context)],
    [
      'last batch',
      head.manifest === undefined
        ? 'none yet'
        : `${timeText(head.doneMs)}, ${agoText(context.nowMs - head.doneMs)}`,
    ],
    ...loggedRows(head, context),
    ...lanes
      .filter(isWorthSeeing)
      .map((lane): Row => [
        `lane ${lane.source}`,
        `${count(Number(lane.tail), 'line')} received, ` +
          `${count(lane.waitingRecords, 'record')} in ` +
          `${count(lane.waitingEntries, 'entry', 'entries')} waiting`,
      ]),
    ...states.map((state): Row => [
      `state ${state.id}`,
      `${count(state.bytes, 'byte')} in ${count(state.segments, 'segment')}`,
    ]),
    [
      'dead letters',
      codes.length === 0 ? 'none' : `${codes.join(', ')} since ${timeText(deadLetters.sinceMs)}`,
    ],
    ...deadLetters.some.map(({ at, message }): Row => [
      '',
      oneLine(`${at}: ${firstLine(message)}`),
    ]),
    ['generation', generationText(head, context)],
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

/** Each redrive has its own lanes. A lane of a finished redrive is not interesting. */
const isWorthSeeing = ({ lane, waitingRecords }: LaneOverview): boolean =>
  !isRedriveLane(lane) || waitingRecords > 0

const generationText = (head: Head, { deployed }: StatusContext): string => {
  const text = `${head.generation}, plan ${head.plan}, epoch ${head.epoch}`
  const isWaiting = deployed !== undefined && deployed.generation > head.generation
  return isWaiting ? `${text}; ${deployed.generation} is deployed and has not run yet` : text
}

const logRows = ({ deployed }: StatusContext): readonly Row[] =>
  deployed === undefined
    ? []
    : [['logs', `${deployed.logs.driver} (driver), ${deployed.logs.intake} (intake)`]]

const statusLine = ({ status, logged }: Head, { target }: StatusContext): string => {
  if (status === 'failed')
    return (
      `FAILED: millrace resume ${target} tries the batch again, ` +
      `millrace skip ${target} skips it`
    )
  if (status === 'rest') return 'at rest: everything is processed'
  return logged === undefined
    ? 'healthy: no batch is unfinished'
    : 'a batch has started and is not finished'
}

const loggedRows = ({ logged, reason, status }: Head, { nowMs }: StatusContext): readonly Row[] => {
  if (logged === undefined) return []
  const next =
    status !== 'failed' && logged.retryMs > nowMs ? `, next try ${timeText(logged.retryMs)}` : ''
  const rows: readonly Row[] = [
    [
      'unfinished',
      `the batch at ${logged.timeMs} ms, ${count(logged.attempts, 'attempt')} since ` +
        `${timeText(logged.firstMs)}${next}`,
    ],
  ]
  return reason === undefined
    ? rows
    : [
        ...rows,
        ...reason.message
          .split('\n')
          .map((line, index): Row => [index === 0 ? 'failed with' : '', line]),
      ]
}

const alignColumns = (rows: readonly Row[]): readonly string[] => {
  const width = Math.max(...rows.map(([label]) => label.length))
  return rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`)
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
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)),
  )
  const align = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return [header, ...rows].map(
    (row) => `  ${row.map((cell, column) => align(cell, column)).join('  ')}`,
  )
}

const agoText = (ms: number): string => {
  if (ms < 1_000) return 'now'
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1_000],
  ] as const
  const [name, unitMs] = units.find(([, size]) => ms >= size) ?? ['second', 1_000]
  return `${count(Math.floor(ms / unitMs), name)} ago`
}
