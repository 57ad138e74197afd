/**
 * The server of the page: the page's files, and a JSON API that only reads.
 *
 * - Only requests to this machine by name or address are answered. A page of a stranger that has
 *   its name resolve to this machine is refused by its `Host`.
 * - Only GET. Nothing that is asked changes anything.
 * - The page runs only its own scripts and loads nothing from elsewhere: its policy says so.
 */
import { Hono, type MiddlewareHandler } from 'hono'
import { streamSSE } from 'hono/streaming'
import { isMillraceError } from '../../lib/base/errors.ts'
import { historyPages } from '../../lib/state/history/read-history.ts'
import { lastTimeMs } from '../../lib/state/head.ts'
import type { BatchAnswer, ErrorAnswer, OverviewAnswer } from '../../page/answers.ts'
import { appAnswer } from './app-answer.ts'
import { assetOf, pageHtml } from './assets.ts'
import { attemptAnswer } from './batch-answers.ts'
import { keyLookUp } from './key-answer.ts'
import { KnownBatches } from './known-batches.ts'
import { LiveFeed } from './live-feed.ts'
import { overviewAnswer } from './overview-answer.ts'
import type { PageSource } from './page-source.ts'

/** Each open page holds a connection. */
const PAGES_MAX = 32
const HEARTBEAT_MS = 15_000
const ROWS = 50
const ROWS_MAX = 500
const SERIES_MAX = 10_000
/** The overview is read at most once in this time, for all pages. */
const OVERVIEW_MS = 5_000

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
}

const OWN_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i

const guard: MiddlewareHandler = async (context, next) => {
  const refuse = (status: 403 | 405, message: string): Response =>
    context.text(`${message}\n`, status)
  const { method, header } = {
    method: context.req.method,
    header: (name: string) => context.req.header(name),
  }
  for (const [name, value] of Object.entries(HEADERS)) context.header(name, value)
  if (!OWN_HOST.test(header('host') ?? ''))
    return refuse(403, 'This page is for this machine only: open http://127.0.0.1 with its port')
  if (header('sec-fetch-site') === 'cross-site' && header('sec-fetch-mode') !== 'navigate')
    return refuse(403, 'This page answers only itself')
  if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'This page only reads: use GET')
  await next()
  return undefined
}

/** A whole number from a query, within bounds. */
const numberOf = (given: string | undefined, otherwise: number, most: number): number => {
  const number = Number(given)
  if (given === undefined || !Number.isSafeInteger(number) || number < 1) return otherwise
  return Math.min(number, most)
}

/** The server of one application. `ended` closes the events of all pages. */
export const pageApp = (source: PageSource, ended: AbortSignal): Hono => {
  const known = new KnownBatches(source)
  const feed = new LiveFeed(source, known)
  const overview = sharedOverview(source)
  const lookUp = keyLookUp(source)
  const catchUp = async (): Promise<void> =>
    known.catchUp(lastTimeMs(await feed.head(), source.clock.now()))
  const app = new Hono()
  app.use(guard)
  app.onError((error, context) => context.json(errorAnswer(error), statusOf(error)))
  app.get('/', async (context) => context.html(await pageHtml()))
  app.get('/assets/:name', async (context) => {
    const asset = await assetOf(context.req.param('name'))
    if (asset === undefined) return context.notFound()
    return context.body(asset.body, 200, { 'Content-Type': asset.type })
  })
  app.get('/api/app', async (context) => {
    if (source.intervalMs === undefined) await catchUp()
    return context.json(appAnswer(source, feed.intervalMs, await feed.status()))
  })
  app.get('/api/series', async (context) => {
    await catchUp()
    const limit = numberOf(context.req.query('limit'), SERIES_MAX, SERIES_MAX)
    await known.reach(limit)
    return context.json(known.series(limit))
  })
  app.get('/api/batches', async (context) => {
    await catchUp()
    const before = numberOf(context.req.query('before'), Infinity, Number.MAX_SAFE_INTEGER)
    const limit = numberOf(context.req.query('limit'), ROWS, ROWS_MAX)
    await known.reach(limit, before)
    return context.json(known.page(before, limit))
  })
  app.get('/api/batches/:timeMs{[0-9]{1,15}}', async (context) => {
    const timeMs = Number(context.req.param('timeMs'))
    const answer = await batchAnswer(source, known, timeMs)
    return answer === undefined ? context.notFound() : context.json(answer)
  })
  app.get('/api/bill', async (context) => {
    await catchUp()
    await known.reach(SERIES_MAX)
    return context.json(known.bill() ?? {})
  })
  app.get('/api/state', async (context) => {
    const { state = '', key = '' } = context.req.query()
    return context.json(await lookUp(state, key))
  })
  app.get('/api/overview', async (context) => context.json(await overview()))
  addEvents(app, feed, ended)
  return app
}

/** What the user has asked for wrongly is no error of the store. */
const statusOf = (error: unknown): 400 | 500 | 502 => {
  if (!isMillraceError(error)) return 500
  return ASKED_WRONGLY.includes(error.code) ? 400 : 502
}

const ASKED_WRONGLY: readonly string[] = ['USAGE', 'STATE_UNKNOWN', 'KEY_UNSUPPORTED']

const addEvents = (app: Hono, feed: LiveFeed, ended: AbortSignal): void => {
  app.get('/api/events', (context) => {
    if (feed.size >= PAGES_MAX) return context.text('Too many pages are open\n', 503)
    return streamSSE(context, async (stream) => {
      const closing = new AbortController()
      const close = (): void => closing.abort()
      stream.onAbort(close)
      ended.addEventListener('abort', close, { once: true })
      const events = feed.subscribe(closing.signal)
      try {
        await stream.writeSSE({ event: 'open', data: '{}' })
        while (!closing.signal.aborted && !ended.aborted) {
          const event = await events.next(HEARTBEAT_MS)
          if (event === undefined) await stream.write(': still here\n\n')
          else await stream.writeSSE({ event: 'batches', data: JSON.stringify(event) })
        }
      } finally {
        events.close()
        ended.removeEventListener('abort', close)
      }
    })
  })
}

const batchAnswer = async (
  source: PageSource,
  known: KnownBatches,
  timeMs: number,
): Promise<BatchAnswer | undefined> => {
  const attempts = []
  const range = { fromMs: timeMs, toMs: timeMs, pageSize: ROWS }
  for await (const page of historyPages(source.store, source.app, range))
    for (const record of page) if (record.timeMs === timeMs) attempts.push(attemptAnswer(record))
  if (attempts.length === 0) return undefined
  return {
    timeMs,
    attempts: attempts.toSorted((a, b) => a.attempt - b.attempt),
    ...known.beside(timeMs),
  }
}

/** Pages that ask at the same time share one reading. */
const sharedOverview = (source: PageSource): (() => Promise<OverviewAnswer>) => {
  let reading: Promise<OverviewAnswer> | undefined
  let sinceMs = 0
  return () => {
    const nowMs = source.clock.now()
    if (reading !== undefined && Math.abs(nowMs - sinceMs) < OVERVIEW_MS) return reading
    sinceMs = nowMs
    reading = overviewAnswer(source)
    reading.catch(() => {
      reading = undefined
    })
    return reading
  }
}

const errorAnswer = (error: unknown): ErrorAnswer => ({
  error: isMillraceError(error)
    ? { code: error.code, message: error.message }
    : { code: 'UNEXPECTED', message: error instanceof Error ? error.message : String(error) },
})
