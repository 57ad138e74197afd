import { type DStream, type StreamOptions, seconds } from 'millrace'
import { describe, expect, test } from 'vitest'
import { functionLog } from '../../../functions/log.ts'
import { APP, pipelineOf, START_MS } from '../runtime/harness.ts'
import { Deployed, toStream } from './deployed.ts'

type Line = Readonly<Record<string, unknown>>

const deployed = (
  use: (lines: DStream<string>) => void,
  options: Partial<StreamOptions> = {},
): Deployed =>
  new Deployed(
    pipelineOf((ssc) => use(ssc.kinesisTextStream('lines')), options),
    { sources: { 'kinesisTextStream-1': toStream }, generation: 3 },
  )

const linesOf = ({ lines }: Deployed): readonly Line[] =>
  lines.map((line) => JSON.parse(line) as Line)

/** A batch that prints, one with a bad record, and one that fails until the application stops. */
const played = async (): Promise<Deployed> => {
  const app = deployed(
    (lines) => {
      lines.map((line) => JSON.parse(line) as unknown).print()
      lines.foreachRDD(async (rdd) => {
        if ((await rdd.collect()).includes('3')) throw new Error('the sink is away')
      })
    },
    { retry: { for: seconds(1), attempts: 2 } },
  )
  await app.trigger({ scheduleMinute: true })
  await app.put(1, '1')
  await app.pass()
  await app.put(2, 'no JSON')
  await app.pass()
  await app.put(3, '3')
  await app.pass(3)
  return app
}

describe('each line of the functions', () => {
  test('has a time, a level, the application, its generation and the request', async () => {
    const lines = linesOf(await played())
    const requests = new Set(lines.map(({ requestId }) => requestId))
    for (const line of lines) {
      const { timestamp, level, event, app, generation, requestId } = line
      expect(new Date(String(timestamp)).toISOString()).toBe(timestamp)
      expect(Date.parse(String(timestamp))).toBeGreaterThanOrEqual(START_MS)
      expect({ app, generation }).toEqual({ app: APP, generation: 3 })
      expect(['INFO', 'WARN', 'ERROR']).toContain(level)
      expect(typeof event).toBe('string')
      expect(requestId).toMatch(/^request-\d+$/)
    }
    // Intake and driver, called one after the other: each call has its own.
    expect(requests.size).toBeGreaterThan(8)
  })

  test('has a level that alarms can rely on', async () => {
    const levels = new Map(linesOf(await played()).map(({ event, level }) => [event, level]))
    expect(Object.fromEntries(levels)).toMatchObject({
      intake: 'INFO',
      lag: 'INFO',
      batchStarted: 'INFO',
      batchCompleted: 'INFO',
      print: 'INFO',
      deadLetter: 'WARN',
      batchFailed: 'ERROR',
      failed: 'ERROR',
      driver: 'ERROR',
    })
  })

  test('has the batch and the attempt while a batch runs, and only then', async () => {
    const lines = linesOf(await played())
    const during = lines.filter(({ event }) => ['print', 'deadLetter'].includes(String(event)))
    expect(during.length).toBeGreaterThan(3)
    for (const { timeMs, attempt } of during) {
      expect(Number(timeMs)).toBeGreaterThanOrEqual(START_MS)
      expect([1, 2]).toContain(attempt)
    }
    for (const { event, attempt } of lines)
      if (['driver', 'lag', 'intake', 'rest'].includes(String(event)))
        expect(attempt).toBe(undefined)
  })

  test('that tells of a failure has its code and the line of the user', async () => {
    const failed = linesOf(await played()).filter(({ event }) => event === 'batchFailed')
    expect(failed).toMatchObject([
      {
        attempt: 1,
        code: 'USER_FUNCTION_FAILED',
        operator: 'foreachRDD-1',
        thrownAt: expect.stringContaining('log.test.ts') as string,
      },
    ])
  })
})

describe('an invocation that throws', () => {
  test('is logged, and Lambda is still told', async () => {
    const app = deployed((lines) => lines.print())
    app.world.store.fail({ call: 'compareAndSet', to: 'app#in#', times: 4 })
    await expect(app.put(1, 'a')).rejects.toMatchObject({ code: 'STORE_FAILED' })
    expect(app.logged('invocationFailed')).toMatchObject([
      { level: 'ERROR', code: 'STORE_FAILED', requestId: 'request-1', app: APP, generation: 3 },
    ])
  })

  test('is logged when the function cannot start', async () => {
    const app = new Deployed(
      pipelineOf((ssc) => ssc.kinesisTextStream('lines').print()),
      { sources: {} },
    )
    await expect(app.trigger()).rejects.toMatchObject({ code: 'BINDING_MISSING' })
    expect(app.logged('invocationFailed')).toMatchObject([{ code: 'BINDING_MISSING' }])
  })
})

describe('a log', () => {
  const bed = (logLevel?: string) => {
    const lines: string[] = []
    const clock = { now: () => 0 }
    const { log } = functionLog({ write: (line) => void lines.push(line), clock, logLevel })
    return { lines, log }
  }

  test.each([
    { level: undefined, events: ['batchCompleted', 'warning', 'batchFailed'] },
    { level: 'TRACE', events: ['batchCompleted', 'warning', 'batchFailed'] },
    { level: 'INFO', events: ['batchCompleted', 'warning', 'batchFailed'] },
    { level: 'warn', events: ['warning', 'batchFailed'] },
    { level: 'ERROR', events: ['batchFailed'] },
    { level: 'FATAL', events: [] },
    { level: 'unknown', events: ['batchCompleted', 'warning', 'batchFailed'] },
  ])('of level $level has $events', ({ level, events }) => {
    const { lines, log } = bed(level)
    for (const event of ['batchCompleted', 'warning', 'batchFailed']) log({ event })
    expect(lines.map((line) => (JSON.parse(line) as Line)['event'])).toEqual(events)
  })

  test.each([
    { what: 'a long text', entry: { event: 'print', text: '€'.repeat(2_000_000) } },
    { what: 'what is escaped', entry: { event: 'print', text: '\u0001'.repeat(500_000) } },
    { what: 'halves of pairs', entry: { event: 'print', text: '\ud800'.repeat(500_000) } },
    {
      what: 'many texts',
      entry: Object.fromEntries([
        ['event', 'warning'],
        ...Array.from({ length: 500 }, (_, n) => [`f${n}`, '\u0001'.repeat(5_000)] as const),
      ]),
    },
    {
      what: 'a long list',
      entry: { event: 'adopted', carriedOver: Array(100_000).fill('€€€€') as string[] },
    },
  ])('has no line that Lambda would divide: $what', ({ entry }) => {
    const { lines, log } = bed()
    log(entry)
    expect(lines).toHaveLength(1)
    expect(Buffer.byteLength(lines[0] ?? '')).toBeLessThan(256 * 1_024)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: entry['event'], isCut: true })
  })
})
