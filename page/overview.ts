/** The first view: four time lines, and the table of batches. */
import type { BatchesAnswer, BatchRow } from './answers.ts'
import { TimeChart } from './charts.ts'
import { type Column, emptyNote, html, renew, section, table } from './dom.ts'
import { ask, FIRST_REACH, type Known, reach, type Series } from './live.ts'
import {
  bytesText,
  clockText,
  countOf,
  countText,
  durationText,
  shortText,
  timeText,
} from './words.ts'

/** Colours are for so many lines: those of all sources together, and of the largest ones. */
const LINES_MAX = 6
const GAP_INTERVALS = 4

/** A view of the page. It is shown anew when something has happened. */
export interface View {
  readonly element: HTMLElement
  readonly show: (known: Known) => void
  /** Draws anew in other colours. */
  readonly redraw?: () => void
}

/** The columns of sources: the largest ones, and the others together. */
const rateLines = (series: Series, perSecond: number) => {
  const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0)
  const all = Object.entries(series.sources).toSorted(([, a], [, b]) => sum(b) - sum(a))
  const rates = (values: readonly number[]): readonly number[] =>
    values.map((value) => value / perSecond)
  const room = LINES_MAX - 1
  const shown = all.slice(0, all.length > room ? room - 1 : room)
  const rest = all.slice(shown.length)
  const others = series.timesMs.map((_, index) =>
    rest.reduce((total, [, values]) => total + (values[index] ?? 0), 0),
  )
  const total = series.timesMs.map((_, index) =>
    all.reduce((sums, [, values]) => sums + (values[index] ?? 0), 0),
  )
  return [
    ...(all.length > 1 ? [{ label: 'all sources', values: rates(total) }] : []),
    ...shown.map(([label, values]) => ({ label, values: rates(values) })),
    ...(rest.length === 0 ? [] : [{ label: `${rest.length} others`, values: rates(others) }]),
    ...(all.length === 0 ? [{ label: 'records', values: series.timesMs.map(() => 0) }] : []),
  ]
}

const lastOf = (series: Series, count: number): Series => {
  const from = Math.max(0, series.timesMs.length - count)
  const cut = <T>(values: readonly T[]): T[] => values.slice(from)
  const firstMs = series.timesMs[from] ?? 0
  return {
    ...series,
    timesMs: cut(series.timesMs),
    processingMs: cut(series.processingMs),
    schedulingDelayMs: cut(series.schedulingDelayMs),
    totalDelayMs: cut(series.totalDelayMs),
    sources: Object.fromEntries(
      Object.entries(series.sources).map(([id, values]) => [id, cut(values)]),
    ),
    failedMs: series.failedMs.filter((timeMs) => timeMs >= firstMs),
    deployments: series.deployments.filter(({ timeMs }) => timeMs >= firstMs),
  }
}

/** The time lines of Spark's page. */
const timeLines = (): View & {
  readonly count: () => number
  readonly setCount: (count: number) => void
} => {
  const rate = new TimeChart(
    'Input rate',
    'Records each second, by source',
    (value) => `${shortText(value)}/s`,
  )
  const delay = new TimeChart(
    'Scheduling delay',
    'From the batch time until the batch began',
    durationText,
  )
  const processing = new TimeChart(
    'Processing time',
    'From the start of the batch to its commit',
    durationText,
  )
  const total = new TimeChart('Total delay', 'From the batch time to the commit', durationText)
  const charts = [rate, delay, processing, total]
  let count = FIRST_REACH
  const show = ({ app, series: all }: Known): void => {
    const series = lastOf(all, count)
    const { timesMs, failedMs } = series
    const intervalMs = app.intervalMs ?? 1_000
    const marks = series.deployments.map(({ timeMs }) => ({ timeMs, label: 'new deployment' }))
    const common = { timesMs, failedMs, marks, gapMs: intervalMs * GAP_INTERVALS }
    const limit =
      app.intervalMs === undefined
        ? {}
        : {
            limit: {
              value: app.intervalMs,
              label: `batch interval ${durationText(app.intervalMs)}`,
            },
          }
    rate.update({ ...common, lines: rateLines(series, intervalMs / 1_000) })
    delay.update({ ...common, lines: [{ label: 'delay', values: series.schedulingDelayMs }] })
    processing.update({
      ...common,
      ...limit,
      lines: [{ label: 'processing', values: series.processingMs }],
    })
    total.update({ ...common, lines: [{ label: 'total', values: series.totalDelayMs }] })
  }
  const element = html('div', { class: 'charts' }, ...charts.map((chart) => chart.element))
  return {
    element,
    show,
    redraw: () => charts.forEach((chart) => chart.redraw()),
    count: () => count,
    setCount: (next) => {
      count = next
    },
  }
}

const COLUMNS: readonly Column[] = [
  { title: 'Batch time' },
  { title: 'Status' },
  { title: 'Records', isNumber: true },
  { title: 'Bytes', isNumber: true },
  { title: 'Scheduling delay', isNumber: true },
  { title: 'Processing time', isNumber: true },
  { title: 'Total delay', isNumber: true },
  { title: 'Dead letters', isNumber: true },
]

/** The status of a batch as a label. */
export const statusLabel = ({
  status,
  attempt,
}: Pick<BatchRow, 'status' | 'attempt'>): HTMLElement =>
  html('span', { class: `label ${status}` }, attempt > 1 ? `${status}, attempt ${attempt}` : status)

const inputText = ({ records, objects }: BatchRow): string =>
  objects > 0 ? `${countText(records)} in ${countOf(objects, 'file')}` : countText(records)

const cellsOf = (row: BatchRow): readonly (Node | string)[] => [
  html('a', { href: `#/batch/${row.timeMs}` }, timeText(row.timeMs)),
  html(
    'span',
    {},
    statusLabel(row),
    row.error !== undefined && html('span', { class: 'why' }, row.error),
  ),
  inputText(row),
  row.bytes === 0 && row.records > 0 ? '–' : bytesText(row.bytes),
  row.schedulingDelayMs === undefined ? '–' : durationText(row.schedulingDelayMs),
  durationText(row.processingMs),
  row.totalDelayMs === undefined ? '–' : durationText(row.totalDelayMs),
  row.deadLetters === 0 ? '0' : html('strong', { class: 'warn' }, countText(row.deadLetters)),
]

const runningCells = ({ app }: Known): readonly (readonly (Node | string)[])[] => {
  const { running, queued, status, nowMs } = app.status
  if (running === undefined || status === 'stopped') return []
  const label = status === 'failed' ? 'failed' : status === 'retrying' ? 'retrying' : 'running'
  const text = running.attempts > 1 ? `${label}, ${countOf(running.attempts, 'attempt')}` : label
  const since = status === 'failed' ? '–' : durationText(Math.max(0, nowMs - running.firstMs))
  const own = [
    html('a', { href: `#/batch/${running.timeMs}` }, timeText(running.timeMs)),
    html('span', { class: `label ${label}` }, text),
    '–',
    '–',
    '–',
    since === '–' ? since : `${since} so far`,
    '–',
    '–',
  ]
  if (queued === 0) return [own]
  const waiting = html('span', { class: 'label queued' }, 'queued')
  const due = `${countOf(queued, 'batch time')} due`
  return [[due, waiting, '–', '–', '–', '–', '–', '–'], own]
}

/** The table, with a button for earlier batches. */
const batchTable = (): View => {
  const place = html('div')
  const more = html('button', { type: 'button', class: 'more' }, 'Earlier batches')
  let latest: Known | undefined
  const show = (known: Known): void => {
    latest = known
    const rows = [...runningCells(known), ...known.rows.map(cellsOf)]
    renew(
      place,
      rows.length === 0
        ? emptyNote('No batch has run yet. The first one comes with the first record.')
        : table('Batches, the newest first', COLUMNS, rows),
    )
    more.hidden = known.before === undefined
  }
  more.addEventListener('click', () => {
    const known = latest
    if (known?.before === undefined) return
    void ask<BatchesAnswer>(`/api/batches?before=${known.before}`).then(({ batches, before }) => {
      known.rows = [...known.rows, ...batches]
      known.before = before
      show(known)
    })
  })
  return { element: section('Batches', place, more), show }
}

const CHOICES = [100, 1_000, 10_000]

/** The view of all batches. */
export const overviewView = (): View => {
  const lines = timeLines()
  const batches = batchTable()
  const about = html('p', { class: 'about' })
  const choice = html(
    'select',
    { 'aria-label': 'How many batches the time lines show' },
    ...CHOICES.map((count) =>
      html(
        'option',
        { value: count, selected: count === FIRST_REACH },
        `last ${countText(count)} batches`,
      ),
    ),
  )
  let latest: Known | undefined
  const show = (known: Known): void => {
    latest = known
    const { timesMs } = known.series
    const shown = timesMs.slice(-lines.count())
    const firstMs = shown[0]
    about.textContent =
      firstMs === undefined
        ? 'No batch is known yet.'
        : `${countOf(shown.length, 'batch', 'batches')} since ${timeText(firstMs)}, ` +
          `the last one at ${clockText(timesMs.at(-1) ?? 0)}.`
    lines.show(known)
    batches.show(known)
  }
  choice.addEventListener('change', () => {
    const known = latest
    if (known === undefined) return
    const wanted = Number(choice.value)
    about.textContent = 'Reading…'
    void reach(known, wanted)
      .catch(() => undefined)
      .then(() => {
        lines.setCount(wanted)
        show(known)
      })
  })
  const head = html('div', { class: 'bar' }, about, choice)
  return {
    element: html('div', {}, section('Time lines', head, lines.element), batches.element),
    show,
    redraw: () => lines.redraw?.(),
  }
}
