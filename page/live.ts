/** What the page knows, and how it hears of what is new. */
import type { AppAnswer, BatchesAnswer, BatchRow, ErrorAnswer, LiveEvent } from './answers.ts'

/** An answer of the server. Rejects with the message of an error. */
export const ask = async <T>(path: string): Promise<T> => {
  const response = await fetch(path)
  if (response.ok) return (await response.json()) as T
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  if (!isJson) throw new Error(`${response.status} ${await response.text()}`)
  const { error } = (await response.json()) as ErrorAnswer
  throw new Error(error.message)
}

/**
 * Makes a function that asks for something again, not more often than that, and never before the
 * answer to the question before: a slow store is not asked for more and more at once.
 */
export const askedAgain = <T>(
  path: string,
  { everyMs, answered }: { readonly everyMs: number; readonly answered: (answer: T) => void },
  failed: (error: unknown) => void,
): (() => void) => {
  let askedMs = -Infinity
  let isAsking = false
  return () => {
    const nowMs = performance.now()
    if (isAsking || nowMs - askedMs < everyMs) return
    askedMs = nowMs
    isAsking = true
    void ask<T>(path)
      .then(answered, failed)
      .finally(() => {
        isAsking = false
      })
  }
}

/** The figures of the batches, to which new ones are added. */
export interface Series {
  timesMs: number[]
  processingMs: (number | null)[]
  schedulingDelayMs: (number | null)[]
  totalDelayMs: (number | null)[]
  sources: Record<string, number[]>
  failedMs: number[]
  deployments: { readonly timeMs: number; readonly generation: number }[]
  generation?: number
}

/** What the page knows. */
export interface Known {
  app: AppAnswer
  series: Series
  /** The newest rows of the table. */
  rows: BatchRow[]
  before: number | undefined
  /** So many batches were asked for, for the time lines. */
  reached: number
}

const SERIES_MAX = 10_000
const ROWS_MAX = 500

/** So many batches are soon there. */
export const FIRST_REACH = 1_000

const seriesOf = (reached: number): Promise<Series> => ask<Series>(`/api/series?limit=${reached}`)

/** Asks for figures of more batches, if they are not there yet. */
export const reach = async (known: Known, wanted: number): Promise<void> => {
  if (wanted <= known.reached) return
  const series = await seriesOf(wanted)
  known.series = series
  known.reached = wanted
}

/** Asks for all that the first view needs. */
export const readAll = async (reached: number = FIRST_REACH): Promise<Known> => {
  const [app, series, { batches, before }] = await Promise.all([
    ask<AppAnswer>('/api/app'),
    seriesOf(reached),
    ask<BatchesAnswer>('/api/batches'),
  ])
  return { app, series, rows: [...batches], before, reached }
}

/** Adds what an event brings. */
export const addEvent = (known: Known, { status, batches }: LiveEvent): void => {
  known.app = { ...known.app, status }
  for (const { sources, ...row } of batches) {
    const isKnown = known.rows.some(
      (one) =>
        one.timeMs === row.timeMs && one.status === row.status && one.attempt === row.attempt,
    )
    if (isKnown) continue
    known.rows = [row, ...known.rows].slice(0, ROWS_MAX)
    addToSeries(known.series, row, sources)
  }
}

const addToSeries = (
  series: Series,
  row: BatchRow,
  sources: Readonly<Record<string, number>>,
): void => {
  const { timeMs, generation } = row
  if (row.status !== 'completed') {
    if (series.failedMs.at(-1) !== timeMs) series.failedMs.push(timeMs)
    return
  }
  const ids = new Set([...Object.keys(series.sources), ...Object.keys(sources)])
  for (const id of ids) {
    const values = series.sources[id] ?? series.timesMs.map(() => 0)
    values.push(sources[id] ?? 0)
    series.sources[id] = values
  }
  series.timesMs.push(timeMs)
  series.processingMs.push(row.processingMs)
  series.schedulingDelayMs.push(row.schedulingDelayMs ?? null)
  series.totalDelayMs.push(row.totalDelayMs ?? null)
  if (
    generation !== undefined &&
    series.generation !== undefined &&
    generation !== series.generation
  )
    series.deployments.push({ timeMs, generation })
  if (generation !== undefined) series.generation = generation
  if (series.timesMs.length > SERIES_MAX) dropOldest(series)
}

const dropOldest = (series: Series): void => {
  const columns = [
    series.timesMs,
    series.processingMs,
    series.schedulingDelayMs,
    series.totalDelayMs,
    ...Object.values(series.sources),
  ]
  for (const column of columns) column.shift()
}

/** What happens to the connection. */
export interface Listeners {
  readonly heard: (event: LiveEvent) => void
  /** The connection is there again after it was lost, or the page was hidden. */
  readonly opened: () => void
  readonly lost: () => void
}

/** Listens while the page can be seen: a browser has few connections to one server. */
export const listen = ({ heard, opened, lost }: Listeners): void => {
  let source: EventSource | undefined
  const open = (): void => {
    source = new EventSource('/api/events')
    source.addEventListener('open', opened)
    source.addEventListener('error', lost)
    source.addEventListener('batches', ({ data }: MessageEvent<string>) =>
      heard(JSON.parse(data) as LiveEvent),
    )
  }
  document.addEventListener('visibilitychange', () => {
    source?.close()
    source = undefined
    if (!document.hidden) open()
  })
  if (!document.hidden) open()
}
