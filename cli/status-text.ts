import type { BatchOverview, LaneOverview, Overview } from '../lib/runtime/operations/status.ts'
import type { Head } from '../lib/state/head.ts'
import { isRedriveLane } from '../lib/runtime/dead-letters/redrive-lanes.ts'
import type { Deployment } from '../lib/tools/deployment.ts'
import { count, firstLine, momentText } from './reports/answer.ts'

/** Where and when it was looked at. */
export interface Looked {
  readonly place: string
  /** The option that names it for other commands. */
  readonly target: string
  readonly nowMs: number
  /** Undefined: it is on this machine. */
  readonly deployed: Deployment | undefined
}

type Row = readonly [label: string, text: string]

/** The status for people: what it is about first, then tables. */
export const statusText = (
  { app, head, lanes, states, batches, deadLetters }: Overview,
  looked: Looked,
): string => {
  if (head === undefined) return `${app} in ${looked.place}: nothing has run yet\n`
  const letters = Object.entries(deadLetters.byCode).map(([code, number]) => `${number} ${code}`)
  const rows: readonly Row[] = [
    ['status', statusLine(head, looked)],
    [
      'last batch',
      head.manifest === undefined
        ? 'none yet'
        : `${momentText(head.doneMs)}, ${agoText(looked.nowMs - head.doneMs)}`,
    ],
    ...loggedRows(head, looked),
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
      letters.length === 0
        ? 'none'
        : `${letters.join(', ')} since ${momentText(deadLetters.sinceMs)}`,
    ],
    ...deadLetters.some.map(({ at, message }): Row => ['', `${at}: ${firstLine(message)}`]),
    ['generation', generationText(head, looked)],
    ...logRows(looked),
  ]
  return [`${app} in ${looked.place}`, ...alignColumns(rows), '', ...batchTable(batches), ''].join(
    '\n',
  )
}

/** Each redrive has lanes of its own, and nobody wants to see one that is through. */
const isWorthSeeing = ({ lane, waitingRecords }: LaneOverview): boolean =>
  !isRedriveLane(lane) || waitingRecords > 0

const generationText = (head: Head, { deployed }: Looked): string => {
  const text = `${head.generation}, plan ${head.plan}, epoch ${head.epoch}`
  const isComing = deployed !== undefined && deployed.generation > head.generation
  return isComing ? `${text}; ${deployed.generation} is deployed and has not run yet` : text
}

const logRows = ({ deployed }: Looked): readonly Row[] =>
  deployed === undefined
    ? []
    : [['logs', `${deployed.logs.driver} (driver), ${deployed.logs.intake} (intake)`]]

const statusLine = ({ status, logged }: Head, { target }: Looked): string => {
  if (status === 'failed')
    return (
      `FAILED: millrace resume ${target} tries the batch again, millrace skip ${target} gives ` +
      'it up'
    )
  if (status === 'rest') return 'at rest: all there was is processed'
  return logged === undefined
    ? 'well: batches run whenever the pipeline does'
    : 'a batch is under way'
}

const loggedRows = ({ logged, reason, status }: Head, { nowMs }: Looked): readonly Row[] => {
  if (logged === undefined) return []
  const next =
    status !== 'failed' && logged.retryMs > nowMs ? `, next try ${momentText(logged.retryMs)}` : ''
  const rows: readonly Row[] = [
    [
      'under way',
      `the batch at ${logged.timeMs} ms, ${count(logged.attempts, 'attempt')} since ` +
        `${momentText(logged.firstMs)}${next}`,
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
    momentText(batch.timeMs),
    String(batch.records),
    String(batch.objects),
    String(batch.bytes),
    String(batch.deadLetters),
    `${batch.processingMs} ms`,
    batch.skipped === undefined ? String(batch.attempt) : 'given up',
  ])
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)),
  )
  return [header, ...rows].map(
    (row) =>
      '  ' +
      `${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`,
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
