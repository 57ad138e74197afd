/**
 * An application with a URL and a table that was there before, deployed. Requests are repeated, and
 * items are changed while batches run: each counts once. Then the commands that only read look at
 * it, through a gate that counts their calls.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../../../lib/testing/random.ts'
import { millraceAlone, startMillrace } from '../../process/millrace.ts'
import { Gate, type Matcher } from '../deployed/gate.ts'
import { type Request, SECRET, Shop, Stock } from './shop-app.ts'

const SEED = 20_264
const REQUESTS = 30
const CHANGES = 120
const THINGS = ['tea', 'coffee', 'milk', 'Äpfel', '__proto__']
const FORM = 'application/x-www-form-urlencoded'
const DEPLOY_MS_MAX = 600_000
const TEST_MS_MAX = 400_000
const WAIT_MS_MAX = 180_000

const endpoint = process.env['AWS_ENDPOINT_URL'] ?? ''
const folder = mkdtempSync(join(tmpdir(), 'millrace-shop-'))
const random = new Random(SEED)
const authorization = `Bearer ${SECRET}`
let gate: Gate
let stock: Stock
let shop: Shop
/** The same pipeline, which nothing feeds. */
let next: Shop
/** What a plain loop makes of the orders that were accepted. */
const ordered = new Map<string, number>()
let orders = 0

beforeAll(async () => {
  gate = await Gate.to(endpoint)
  stock = await Stock.create('shop-stock')
  // These are in the stream before anybody reads it.
  await stock.put('tea', 100)
  await stock.put('milk', 7)
  const other = await Stock.create('shop-stock-next')
  ;[shop, next] = await Shop.deploy(folder, [stock, other], endpoint)
}, DEPLOY_MS_MAX)
afterAll(() => {
  gate.remove()
  rmSync(folder, { recursive: true })
})

/** Each request has some orders, a key, and a body in one of three forms. */
const drawRequest = (): Request => {
  const lines = Array.from({ length: random.between(1, 6) }, () => {
    const [thing, count] = [random.pick(THINGS), random.between(1, 9)]
    ordered.set(thing, (ordered.get(thing) ?? 0) + count)
    orders += 1
    return `${thing} ${count}\n`
  })
  const text = lines.join('')
  const headers = { Authorization: authorization, 'Idempotency-Key': `order-${orders}` }
  return random.pick<Request>([
    { body: text, headers },
    // As curl sends it: for Lambda, forms are no text.
    { body: Buffer.from(text), headers: { ...headers, 'Content-Type': FORM } },
    { body: gzipSync(text), headers: { ...headers, 'Content-Encoding': 'gzip' } },
  ])
}

const changeOne = async (): Promise<void> => {
  const thing = random.pick(THINGS)
  const units = await stock.units()
  if (!Object.hasOwn(units, thing)) return stock.put(thing, random.between(1, 50))
  if (random.chance(0.2)) return stock.remove(thing)
  return stock.add(thing, random.between(1, 9))
}

/** The stock by the changes: what is gone counts 0. */
const stocked = async (): Promise<Readonly<Record<string, number>>> => {
  const units = await stock.units()
  return Object.fromEntries(THINGS.map((thing) => [thing, units[thing] ?? 0]))
}

const wanted = async (): Promise<object> => ({
  ordered: Object.fromEntries(ordered),
  stocked: await stocked(),
})

/** The totals, when nothing waits any more or the time is over. */
const settled = async (want: object): Promise<object> => {
  for (const endMs = Date.now() + WAIT_MS_MAX; ; await sleep(500)) {
    const got = {
      ordered: await shop.totals('Ordered'),
      stocked: {
        ...Object.fromEntries(THINGS.map((thing) => [thing, 0])),
        ...(await shop.totals('Stocked')),
      },
    }
    const isRest = (await shop.head())?.status === 'rest'
    if ((isRest && isDeepStrictEqual(got, want)) || Date.now() > endMs) return got
  }
}

const MODULE = join(import.meta.dirname, 'shop.ts')
const REPLAY = ['replay', MODULE, '--app', 'shop', '--from', '1h']

test('the stack has a URL', () => {
  expect(shop.output('TestUrl')).toMatch(/^https:\/\/[^/]+\/$/)
})

test('each request and each change counts once', { timeout: TEST_MS_MAX }, async () => {
  const requests = Array.from({ length: REQUESTS }, drawRequest)
  const changing = (async () => {
    for (let change = 0; change < CHANGES; change++) await changeOne()
  })()
  for (const request of requests) {
    // Some clients are impatient: they send it again before they have an answer.
    const times = random.between(1, 3)
    const answers = await Promise.all(Array.from({ length: times }, () => shop.post(request)))
    expect(answers.map(({ status }) => status)).toEqual(Array(times).fill(202))
  }
  await changing
  const want = await wanted()
  expect(await settled(want)).toEqual(want)

  // Their batches are committed: only the ledger knows them now. The body does not matter.
  for (const request of requests.slice(0, 10)) await shop.post(request)
  await shop.post({ ...requests[10], body: 'tea 1000000' })
  await shop.post(drawRequest())
  await changeOne()
  const more = await wanted()
  expect(await settled(more)).toEqual(more)
})

test.each<[string, Request, number]>([
  ['without the secret', { body: 'tea 1', headers: { 'Idempotency-Key': 'x' } }, 401],
  ['with another secret', { body: 'tea 1', headers: { Authorization: 'Bearer guess' } }, 401],
  ['to another path', { body: 'tea 1', path: '/stock', headers: { authorization } }, 404],
  ['with another method', { body: 'tea 1', method: 'PUT', headers: { authorization } }, 405],
  ['that is no text', { body: Uint8Array.of(0xff, 0xfe), headers: { authorization } }, 400],
])('a request %s is refused', async (_, request, status) => {
  expect(await shop.post(request)).toMatchObject({ status })
})

describe('commands that only read', () => {
  const reads = new Set(['BatchGetItem', 'GET', 'GetItem', 'GetParameter', 'HEAD', 'Query'])
  const isReading: Matcher = ({ action }) => reads.has(action)
  const others: string[] = []
  let readings: () => number

  beforeAll(() => {
    readings = gate.count(isReading)
    gate.hear((call) => !isReading(call), { asked: ({ action }) => void others.push(action) })
    process.env['AWS_ENDPOINT_URL'] = gate.endpoint
  })
  afterAll(() => {
    process.env['AWS_ENDPOINT_URL'] = endpoint
    expect(readings()).toBeGreaterThan(10)
  })

  interface Row {
    readonly timeMs: number
    readonly status: string
    readonly records: number
  }

  const rows = async (): Promise<readonly Row[]> => {
    const { stdout } = await millraceAlone(
      folder,
      'batches',
      '--app',
      'shop',
      '--json',
      '--limit',
      '9999',
    )
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Row)
  }

  /** The history may lack a batch whose process was ended after the commit. */
  let shown = 0

  test('batches have the orders and the changes', async () => {
    const done = (await rows()).filter(({ status }) => status === 'completed')
    shown = done.reduce((sum, { records }) => sum + records, 0)
    expect(shown).toBeGreaterThan(REQUESTS)
    expect(shown).toBeLessThanOrEqual(orders + stock.changes)
    expect(others).toEqual([])
  })

  test('cost knows what the driver has used', async () => {
    const { exitCode, stdout } = await millraceAlone(folder, 'cost', '--app', 'shop', '--json')
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      app: 'shop',
      records: shown,
      usage: {
        writeUnits: expect.any(Number) as number,
        invocations: expect.any(Number) as number,
      },
    })
    expect(others).toEqual([])
  })

  test('doctor says something of each setting', async () => {
    const { exitCode, stdout } = await millraceAlone(folder, 'doctor', '--app', 'shop', '--json')
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ app: 'shop', records: shown })
    expect(others).toEqual([])
  })

  test('plan needs no application', async () => {
    const { exitCode, stdout } = await millraceAlone(folder, 'plan', MODULE)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('updateStateByKey')
    expect(others).toEqual([])
  })

  test('replay runs all batches again, and nothing differs', async () => {
    const against = ['--against', MODULE, '--json']
    const { exitCode, stdout } = await millraceAlone(folder, ...REPLAY, ...against)
    const end = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as object
    expect([exitCode, end]).toMatchObject([0, { event: 'end', different: 0, records: shown }])
    expect(others).toEqual([])
  })

  test('the page shows the same, and changes nothing', async () => {
    const page = startMillrace(folder, 'ui', '--app', 'shop')
    const said = await page.until((stdout) => stdout.includes('Ctrl-C'))
    const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(said)?.[0] ?? ''
    const ask = async (path: string): Promise<unknown> => (await fetch(`${url}api/${path}`)).json()
    expect(await ask('app')).toMatchObject({ app: 'shop', how: 'deployed' })
    const { lanes, states } = (await ask('overview')) as {
      readonly lanes: readonly { readonly waitingRecords: number }[]
      readonly states: readonly { readonly keys: number }[]
    }
    expect(lanes.map(({ waitingRecords }) => waitingRecords)).toEqual(lanes.map(() => 0))
    expect(states.map(({ keys }) => keys)).toEqual([THINGS.length, THINGS.length])
    const { batches } = (await ask('batches?limit=500')) as { readonly batches: readonly Row[] }
    const completed = batches.filter(({ status }) => status === 'completed')
    expect(completed.reduce((sum, { records }) => sum + records, 0)).toBe(shown)
    const [last] = completed
    expect(await ask(`batches/${last?.timeMs}`)).toMatchObject({
      timeMs: last?.timeMs,
      attempts: expect.arrayContaining([
        expect.objectContaining({ status: 'completed', records: last?.records }),
      ]) as unknown[],
    })
    expect((await page.signal('SIGINT')).exitCode).toBe(0)
    expect(others).toEqual([])
  })
})

test('another deployment goes on with the copy of a replay', { timeout: TEST_MS_MAX }, async () => {
  const into = [...REPLAY, '--into-app', 'shop-next']
  const moved = await millraceAlone(folder, ...into)
  expect([moved.exitCode, moved.stderr]).toEqual([0, ''])
  expect(moved.stdout).toContain('The copy is in shop-next')
  const more = { body: 'tea 1', headers: { authorization, 'Idempotency-Key': 'after-the-copy' } }
  expect(await next.post(more)).toMatchObject({ status: 202 })
  const want = (ordered.get('tea') ?? 0) + 1
  for (const endMs = Date.now() + WAIT_MS_MAX; Date.now() < endMs; await sleep(500))
    if ((await next.totals('Ordered'))['tea'] === want) break
  expect(await next.totals('Ordered')).toMatchObject({ tea: want })
  // It has its own state, which is the same but for that order, and it gets no second copy.
  const exported = await millraceAlone(folder, 'state', '--app', 'shop-next', '--json')
  const { states } = JSON.parse(exported.stdout) as { readonly states: readonly object[] }
  expect(states).toMatchObject([{ keys: THINGS.length }, { keys: THINGS.length }])
  const again = await millraceAlone(folder, ...into)
  expect(again).toMatchObject({ exitCode: 2 })
  expect(again.stderr).toContain('is not new')
})
