import { describe, expect, test } from 'vitest'
import { assetNames } from '../../../../cli/ui/assets.ts'
import type { BatchRecord } from '../../../../lib/state/history/batch-record.ts'
import type { Head } from '../../../../lib/state/head.ts'
import type {
  AppAnswer,
  BatchAnswer,
  BatchesAnswer,
  SeriesAnswer,
} from '../../../../page/answers.ts'
import { NOW_MS, PageBed, recordOf } from './page-bed.ts'

const SCRIPT = '<script>alert(1)</script>'

describe('who may ask', () => {
  test.each([
    { asks: 'by the address', headers: { host: '127.0.0.1:4040' }, status: 200 },
    { asks: 'by the name', headers: { host: 'localhost:9' }, status: 200 },
    { asks: 'by address 6', headers: { host: '[::1]:4040' }, status: 200 },
    { asks: 'a name that resolves to this machine', headers: { host: 'evil.test' }, status: 403 },
    { asks: 'a name that begins alike', headers: { host: 'localhost.evil.test' }, status: 403 },
    { asks: 'an address that begins alike', headers: { host: '127.0.0.1.evil.test' }, status: 403 },
    {
      asks: 'the script of another page',
      headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      status: 403,
    },
    {
      asks: 'a link on another page',
      headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      status: 200,
    },
  ])('$asks: $status', async ({ headers, status }) => {
    const bed = new PageBed()
    for (const path of ['/', '/api/app', '/assets/main.js'])
      expect((await bed.ask(path, { headers })).status).toBe(status)
  })

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is refused', async (method) => {
    const bed = new PageBed()
    for (const path of ['/', '/api/app', '/api/batches/1'])
      expect((await bed.ask(path, { method })).status).toBe(405)
    expect(bed.reads).toBe(0)
  })

  test.each(['/', '/api/app', '/api/none', '/assets/style.css'])(
    'what %s answers may run no other script and be in no frame',
    async (path) => {
      const { headers } = await new PageBed().ask(path)
      const policy = headers.get('content-security-policy')
      expect(policy).toMatch(/default-src 'none'/)
      expect(policy).toMatch(/frame-ancestors 'none'/)
      expect(policy).not.toMatch(/unsafe|http/)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    },
  )

  test.each([
    '/assets/..%2fstyle.css',
    '/assets/../package.json',
    '/assets/answers.js.map',
    '/assets/constructor',
    '/package.json',
    '/api/batches/%3Cscript%3E',
    '/api/batches/5',
  ])('%s is not there', async (path) => {
    expect((await new PageBed().ask(path)).status).toBe(404)
  })
})

describe('the files of the page', () => {
  test('the page loads nothing from elsewhere, and has no script of its own', async () => {
    const page = await (await new PageBed().ask('/')).text()
    expect(page).not.toMatch(/https?:|<script>|style=|\son\w+=/)
    const names = [...page.matchAll(/\/assets\/([\w.-]+)/g)].map(([, name]) => name)
    expect(assetNames).toEqual(expect.arrayContaining(names))
  })

  test('modules import only files that are served, and have no types left', async () => {
    const bed = new PageBed()
    for (const name of assetNames.filter((one) => one.endsWith('.js'))) {
      const response = await bed.ask(`/assets/${name}`)
      expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
      const text = await response.text()
      expect(text).not.toMatch(/from '[^.]|\.ts'|import type/)
      const imported = [...text.matchAll(/from '\.\/([\w.-]+)'/g)].map(([, file]) => file)
      expect(assetNames).toEqual(expect.arrayContaining(imported))
    }
  })

  test('no module makes HTML from text', async () => {
    const bed = new PageBed()
    const own = assetNames.filter((name) => name.endsWith('.js') && name !== 'uplot.js')
    for (const name of own)
      expect(await (await bed.ask(`/assets/${name}`)).text()).not.toMatch(
        /innerHTML|outerHTML|insertAdjacent|document\.write|srcdoc|eval\(|new Function/,
      )
  })
})

const reason = { code: 'BATCH_FAILED', message: 'It broke', operator: 'map-1' }
const logged = {
  timeMs: NOW_MS - 3_500,
  input: '{}',
  attempts: 2,
  firstMs: NOW_MS - 3_000,
  retryMs: NOW_MS,
}

describe('the status', () => {
  test.each<{
    readonly of: string
    readonly head: Partial<Head> | undefined
    readonly gives: object
  }>([
    { of: 'nothing', head: undefined, gives: { status: 'none', queued: 0 } },
    { of: 'batches that run', head: {}, gives: { status: 'running', advice: [] } },
    { of: 'rest', head: { status: 'rest' }, gives: { status: 'rest' } },
    {
      of: 'a batch that runs late',
      head: { logged },
      gives: { status: 'running', running: { attempts: 2, timeMs: logged.timeMs }, queued: 3 },
    },
    {
      of: 'a batch that is tried again',
      head: { logged, reason },
      gives: { status: 'retrying', reason, advice: [expect.stringMatching(/nothing is lost/)] },
    },
    {
      of: 'a failure',
      head: { status: 'failed', logged, reason },
      gives: { status: 'failed', reason, command: 'millrace resume --state here', queued: 0 },
    },
    {
      of: 'falling behind',
      head: {
        load: {
          falling: {
            delayMs: 9_000,
            records: 5,
            bytes: 0,
            objects: 0,
            perSecond: { records: 1, bytes: 0, objects: 0 },
            heldBy: 'time',
          },
        } as never,
      },
      gives: { advice: [expect.stringMatching(/^Falling behind: 5 records wait.*batchInterval/)] },
    },
  ])('of $of', async ({ head, gives }) => {
    const bed = new PageBed()
    if (head !== undefined) await bed.head(head)
    const { status } = (await bed.json('/api/app')) as AppAnswer
    expect(status).toMatchObject(gives)
  })

  test.each([
    { took: 1_500, says: [expect.stringMatching(/longer than their interval: 1\.5 s.*every 1 s/)] },
    { took: 900, says: [] },
  ])('of batches that take $took ms', async ({ took, says }) => {
    const bed = new PageBed()
    await bed.head()
    const times = Array.from({ length: 12 }, (_, index) => from(index))
    await bed.batches(...times.map((timeMs) => recordOf(timeMs, { processingMs: took })))
    await bed.ask('/api/batches')
    expect(await bed.json('/api/app')).toMatchObject({ status: { advice: says } })
  })

  test('of an application that nobody has run for long', async () => {
    const bed = new PageBed({ how: 'stored' })
    await bed.head({ doneMs: NOW_MS - 120_000 })
    expect(await bed.json('/api/app')).toMatchObject({ status: { status: 'stopped' } })
  })
})

const from = (index: number): number => NOW_MS - 60_000 + index * 1_000

describe('batches', () => {
  test('come in pages, the newest first, with all attempts at a batch on one page', async () => {
    const bed = new PageBed()
    await bed.head()
    const failed: Partial<BatchRecord> = { status: 'failed', reason }
    await bed.batches(
      ...[0, 1, 2, 4, 5].map((index) => recordOf(from(index))),
      recordOf(from(3), failed),
      recordOf(from(3), { ...failed, attempt: 2 }),
      recordOf(from(3), { attempt: 3, reason }),
    )
    const first = (await bed.json('/api/batches?limit=3')) as BatchesAnswer
    expect(first.batches.map(({ timeMs, status }) => [timeMs, status])).toEqual([
      [from(5), 'completed'],
      [from(4), 'completed'],
      [from(3), 'completed'],
      [from(3), 'failed'],
      [from(3), 'failed'],
    ])
    expect(first.batches.map(({ error }) => error).filter(Boolean)).toEqual([
      'It broke',
      'It broke',
    ])
    const second = (await bed.json(`/api/batches?limit=3&before=${first.before}`)) as BatchesAnswer
    expect(second.batches.map(({ timeMs }) => timeMs)).toEqual([from(2), from(1), from(0)])
    expect(second.before).toBeUndefined()
  })

  test('have delays as Spark has them, rates by source, failures and deployments', async () => {
    const bed = new PageBed()
    await bed.head()
    await bed.batches(
      recordOf(from(0)),
      recordOf(from(1), { status: 'failed', reason }),
      recordOf(from(2), {
        generation: 2,
        startedMs: from(2) + 300,
        records: 6,
        sources: [
          { id: 'socket-1', records: 2, bytes: 0, objects: 0 },
          { id: 'files-1', records: 0, bytes: 9, objects: 3 },
        ],
      }),
    )
    expect(await bed.json('/api/series')).toEqual({
      timesMs: [from(0), from(2)],
      processingMs: [120, 120],
      schedulingDelayMs: [5, 300],
      totalDelayMs: [125, 420],
      sources: { 'socket-1': [10, 2], 'files-1': [0, 4] },
      failedMs: [from(1)],
      deployments: [{ timeMs: from(2), generation: 2 }],
      generation: 2,
    } satisfies SeriesAnswer)
  })

  test('are each shown with all attempts, and with those beside it', async () => {
    const bed = new PageBed()
    await bed.head()
    await bed.batches(
      recordOf(from(0)),
      recordOf(from(1), { status: 'failed', reason }),
      recordOf(from(1), { attempt: 2 }),
      recordOf(from(2)),
    )
    await bed.ask('/api/batches')
    const batch = (await bed.json(`/api/batches/${from(1)}`)) as BatchAnswer
    expect(batch).toMatchObject({ earlierMs: from(0), laterMs: from(2) })
    expect(batch.attempts.map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 'failed'],
      [2, 'completed'],
    ])
    expect(batch.attempts[0]?.reason).toEqual(reason)
  })

  test('of hostile texts stay JSON, and are no HTML', async () => {
    const bed = new PageBed({ app: 'clicks', where: SCRIPT })
    await bed.head({ status: 'failed', logged, reason: { code: SCRIPT, message: SCRIPT } })
    await bed.batches(
      recordOf(from(0), {
        sources: [{ id: SCRIPT, records: 0, bytes: 1, objects: 1, names: [SCRIPT] }],
        reason: { code: 'A', message: `${SCRIPT}\nat ${SCRIPT}` },
      }),
    )
    for (const path of ['app', 'series', 'batches', `batches/${from(0)}`, 'overview']) {
      const response = await bed.ask(`/api/${path}`)
      expect(response.headers.get('content-type')).toMatch(/^application\/json/)
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      await response.json()
    }
  })

  test.each(['limit=0', 'limit=-1', 'limit=1e9', 'limit=x', 'before=x', 'before=-5'])(
    '%s is answered within bounds',
    async (query) => {
      const bed = new PageBed()
      await bed.head()
      await bed.batches(...Array.from({ length: 60 }, (_, index) => recordOf(from(index))))
      const { batches } = (await bed.json(`/api/batches?${query}`)) as BatchesAnswer
      expect(batches.length).toBeLessThanOrEqual(60)
      expect(batches.length).toBeGreaterThan(0)
    },
  )
})

test('an error of the store is told with its code', async () => {
  const bed = new PageBed({
    store: {
      get: () => Promise.reject(new Error('the disk is gone')),
    } as never,
  })
  const response = await bed.ask('/api/app')
  expect(response.status).toBe(500)
  expect(await response.json()).toEqual({
    error: { code: 'UNEXPECTED', message: 'the disk is gone' },
  })
})
