import { type DStream, type StreamingContext, seconds, type StreamOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { ItemKey } from '../../lib/ports/item-store.ts'
import { Deployed, toBucket, toStream } from '../unit/functions/deployed.ts'
import { pipelineOf, World } from '../unit/runtime/harness.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { namespaceOf } from '../../infra/metrics.ts'
import { widgetsOf } from './dashboard-widgets.ts'
import { metricFilters, valuesOf } from './metric-filters.ts'
import { synthesise } from './stacks.ts'

// Applies the metric filters of the template to lines that the functions really write.

const filters = metricFilters(synthesise('clicks').template)
const MINUTE_MS = 60_000

const deployed = (
  use: (lines: DStream<string>) => void = (lines) => lines.print(),
  options: Partial<StreamOptions> = {},
  world = new World(),
): Deployed => {
  const describePipeline = (ssc: StreamingContext): void => use(ssc.kinesisTextStream('lines'))
  return new Deployed(pipelineOf(describePipeline, options), {
    sources: { 'kinesisTextStream-1': toStream },
    world,
  })
}

/**
 * The values of each metric that has any, in the order in which they were logged. Processing times
 * are left out: time stands still in this world.
 */
const metricsOf = ({ lines }: Deployed): Readonly<Record<string, readonly number[]>> => {
  const metrics: Record<string, number[]> = {}
  for (const filter of filters) {
    const values = valuesOf(filter, lines)
    if (values.length > 0 && !['ProcessingTime', 'Problems'].includes(filter.metric))
      (metrics[filter.metric] ??= []).push(...values)
  }
  return metrics
}

/** How many lines the alarm on problems counts. */
const problemsOf = ({ lines }: Deployed): number =>
  filters
    .filter(({ metric }) => metric === 'Problems')
    .flatMap((filter) => valuesOf(filter, lines))
    .reduce((total, one) => total + one, 0)

const fails = (lines: DStream<string>): void =>
  lines.foreachRDD(() => {
    throw new Error('the sink is away')
  })

const rows: readonly {
  readonly name: string
  readonly play: () => Promise<Deployed>
  readonly metrics: Readonly<Record<string, readonly number[]>>
  /** Default: none. */
  readonly problems?: number
}[] = [
  {
    name: 'a batch of three records, and a minute without any',
    async play() {
      const app = deployed()
      await app.trigger({ scheduleMinute: true })
      await app.put(1, 'a', 'b', 'c')
      await app.pass(2)
      app.world.advance(MINUTE_MS)
      await app.trigger({ scheduleMinute: true })
      return app
    },
    metrics: { Lag: [0, 0], Batches: [1, 1], Records: [3, 0] },
  },
  {
    name: 'nobody has called the driver for ten minutes',
    async play() {
      const app = deployed()
      await app.trigger()
      await app.put(1, 'a')
      app.world.advance(10 * MINUTE_MS)
      await app.trigger({ scheduleMinute: true })
      return app
    },
    metrics: { Lag: [10 * MINUTE_MS], Batches: [1, 1], Records: [1, 0] },
  },
  {
    name: 'nobody has called the driver for seven hours',
    async play() {
      const app = deployed()
      await app.trigger()
      await app.put(1, 'a')
      app.world.advance(7 * 60 * MINUTE_MS)
      await app.trigger({ scheduleMinute: true })
      return app
    },
    metrics: { Lag: [7 * 60 * MINUTE_MS], Batches: [1, 1], Records: [1, 0] },
    problems: 1,
  },
  {
    name: 'another process stands in the middle of a batch and holds the lease',
    async play() {
      const world = new World()
      const hangs = deployed(
        (lines) => lines.foreachRDD(() => new Promise<void>(() => undefined)),
        {},
        world,
      )
      await hangs.trigger()
      await hangs.put(1, 'a')
      world.advance(1_000)
      void hangs.trigger()
      for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
      const app = deployed((lines) => lines.foreachRDD(() => undefined), {}, world)
      world.advance(30_000)
      await app.trigger({ scheduleMinute: true })
      expect(app.logged('driver')).toMatchObject([{ kind: 'busy' }])
      return app
    },
    metrics: { Lag: [31_000] },
  },
  {
    name: 'a batch fails until the application stands still, and each minute since',
    async play() {
      const app = deployed(fails, { retry: { for: seconds(1), attempts: 2 } })
      await app.trigger()
      await app.put(1, 'a')
      await app.pass(3, 1_000)
      for (let minute = 0; minute < 2; minute++) {
        app.world.advance(MINUTE_MS)
        await app.trigger({ scheduleMinute: true })
      }
      return app
    },
    metrics: { Lag: [63_000, 123_000], FailedBatches: [1], Failed: [1, 1, 1, 1] },
    problems: 5,
  },
  {
    name: 'a driver is called that is older than the one that has run',
    async play() {
      const world = new World()
      const pipeline = pipelineOf((ssc) => ssc.kinesisTextStream('lines').print())
      const sources = { 'kinesisTextStream-1': toStream }
      await new Deployed(pipeline, { sources, world, generation: 2 }).trigger()
      const app = new Deployed(pipeline, { sources, world, generation: 1 })
      await app.trigger({ scheduleMinute: true })
      return app
    },
    metrics: { Lag: [0], Superseded: [1] },
  },
  {
    name: 'a record that is no text, and one that a function throws on',
    async play() {
      const app = deployed((lines) => lines.map((line) => JSON.parse(line) as unknown).print())
      await app.trigger()
      await app.bring([{ sequenceNumber: '1', data: Buffer.from([255]).toString('base64') }])
      await app.put(2, '1', 'no JSON')
      await app.pass()
      return app
    },
    metrics: { Batches: [1], Records: [2], DeadLetters: [1, 1] },
    problems: 2,
  },
  {
    name: 'blocks are lost, and the application waits for somebody to restore them',
    async play() {
      const app = deployed()
      await app.trigger()
      await app.put(1, 'a')
      await loseBlocks(app)
      await app.pass()
      return app
    },
    metrics: { FailedBatches: [1], DataLosses: [1] },
    problems: 2,
  },
  {
    name: 'blocks are lost, and the application goes on',
    async play() {
      const app = deployed(undefined, { onDataLoss: 'skip' })
      await app.trigger()
      await app.put(1, 'a')
      await loseBlocks(app)
      await app.pass()
      return app
    },
    metrics: { Batches: [1], Records: [0], DataLosses: [1] },
    problems: 1,
  },
  {
    name: 'more comes than batches may take',
    async play() {
      const app = deployed(undefined, {
        batchInterval: seconds(15),
        limits: { records: 1, growth: 1 },
      })
      await app.trigger()
      for (let batch = 0; batch < 6; batch++) {
        await app.put(1 + 2 * batch, 'a')
        await app.put(2 + 2 * batch, 'b')
        app.world.advance(15_000)
        await app.trigger()
      }
      return app
    },
    metrics: { Batches: Array(6).fill(1), Records: Array(6).fill(1), FallingBehind: [1, 1] },
    problems: 2,
  },
  {
    name: 'a bucket whose clock is ahead',
    play: async () => {
      const app = new Deployed(
        pipelineOf((ssc) => ssc.textFileStream('files').print()),
        { sources: { 'textFileStream-1': toBucket } },
      )
      app.bucket.aheadMs = () => 60_000
      await app.drop('a', 'a\n')
      await app.pass(2)
      return app
    },
    metrics: { Batches: [1, 1], Records: [1, 0], ClockSkews: [1] },
    problems: 1,
  },
  {
    name: 'messages that are not notifications',
    async play() {
      const app = new Deployed(
        pipelineOf((ssc) => ssc.textFileStream('lines').print()),
        { sources: { 'textFileStream-1': toBucket } },
      )
      await app.deliver('null', 'hello')
      return app
    },
    metrics: { RefusedMessages: [1, 1] },
    problems: 2,
  },
  {
    name: 'lines that look like entries of the log are printed',
    async play() {
      const app = deployed()
      await app.trigger()
      await app.put(
        1,
        '{"event":"batchCompleted","records":1000}',
        '{"event":"deadLetter"}',
        '{"lagMs":1000000000}',
      )
      await app.pass()
      return app
    },
    metrics: { Batches: [1], Records: [3] },
  },
]

/** No sort key of a segment has a slash in it. */
const keyOf = (key: string): ItemKey => ({
  partition: key.slice(0, key.lastIndexOf('/')),
  sort: key.slice(key.lastIndexOf('/') + 1),
})

const loseBlocks = async ({ world }: Deployed): Promise<void> => {
  const keys = world.store.keys().filter((key) => key.includes('#seg#kinesisTextStream-1'))
  expect(keys.length).toBeGreaterThan(0)
  await world.store.deleteAll(keys.map(keyOf))
}

/** Lambda's own lines, in its formats for text and JSON. */
const TIMEOUTS = [
  { line: '2026-11-01T00:00:00.000Z 0a1b-2c Task timed out after 60.00 seconds', values: [1] },
  { line: reportOf('timeout'), values: [1] },
  { line: reportOf('success'), values: [] },
  { line: 'REPORT RequestId: 0a1b-2c Duration: 12.00 ms Billed Duration: 13 ms', values: [] },
  { line: '{"event":"print","text":"a b Task timed out after 60.00 seconds"}', values: [] },
] as const

function reportOf(status: string): string {
  const record = { requestId: '0a1b', metrics: { durationMs: 60_000 }, status }
  return JSON.stringify({ time: '2026-11-01T00:00:00.000Z', type: 'platform.report', record })
}

interface AlarmResource {
  readonly Properties: { readonly Namespace: string; readonly MetricName: string }
}

/** The metrics that have had a value in one of the rows. */
const seen = new Set<string>()

describe('metrics', () => {
  test('the template has filters for each of them', () => {
    expect(new Set(filters.map(({ metric }) => metric))).toEqual(
      new Set([
        'Lag',
        'Batches',
        'Records',
        'ProcessingTime',
        'FailedBatches',
        'Failed',
        'Superseded',
        'DataLosses',
        'FallingBehind',
        'ClockSkews',
        'DriverTimeouts',
        'DeadLetters',
        'RefusedMessages',
        'Problems',
      ]),
    )
  })

  test.each(rows)('$name', async ({ play, metrics, problems = 0 }) => {
    const app = await play()
    expect(metricsOf(app)).toEqual(metrics)
    expect(problemsOf(app)).toBe(problems)
    for (const filter of filters)
      if (valuesOf(filter, app.lines).length > 0) seen.add(filter.metric)
  })

  test.each(
    [1, 9, 15, 300, 3_600].flatMap((everyS) =>
      [false, true].map((isNew) => ({ everyS, isNew, most: everyS > 10 ? 1_000 : 11_000 })),
    ),
  )(
    'the lag forgets records that are taken: one each $everyS s, new processes: $isNew',
    async ({ everyS, isNew, most }) => {
      const app = deployed()
      await app.trigger()
      for (let number = 1; number <= 30; number++) {
        if (isNew) app.freeze()
        await app.put(number, 'a')
        await app.pass(1, everyS * 1_000)
      }
      await app.put(31, 'a')
      app.world.advance(1_000)
      await app.trigger({ scheduleMinute: true })
      const [lag = 0] = metricsOf(app)['Lag']?.slice(-1) ?? []
      expect(lag).toBeGreaterThanOrEqual(1_000)
      expect(lag).toBeLessThanOrEqual(most)
    },
  )

  test('each of them has had a value from lines of the functions, or of Lambda', () => {
    const [timeout] = TIMEOUTS
    const ofLambda = filters.filter((filter) => valuesOf(filter, [timeout.line]).length > 0)
    const emitted = new Set([...seen, ...ofLambda.map(({ metric }) => metric)])
    expect(emitted).toEqual(new Set(filters.map(({ metric }) => metric)))
  })

  test('alarms and the dashboard show no other metrics of the application', () => {
    const known = new Set(filters.map(({ metric }) => metric))
    const all = synthesise('clicks', () => ({
      dashboard: true,
      alarms: Object.fromEntries(['lag', 'failed', 'deadLetters'].map((name) => [name, {}])),
    })).template
    const ofAlarms = Object.values(all.findResources('AWS::CloudWatch::Alarm')).flatMap((alarm) => {
      const { Namespace, MetricName } = (alarm as AlarmResource).Properties
      return Namespace.startsWith('Millrace/') ? [MetricName] : []
    })
    const ofDashboard = widgetsOf(all)
      .flatMap(({ properties: { metrics = [] } }) => metrics)
      .flatMap(([space, name]) => (String(space).startsWith('Millrace/') ? [String(name)] : []))
    expect(ofAlarms.length).toBeGreaterThan(4)
    expect(new Set(ofDashboard).size).toBeGreaterThan(11)
    for (const name of [...ofAlarms, ...ofDashboard]) expect(known).toContain(name)
  })

  test('each of them is explained in the docs, and so is each kind of line', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/monitoring.md'), 'utf8')
    for (const { metric } of filters) expect(page).toContain(`| \`${metric}\` |`)
    const events = readFileSync(join(import.meta.dirname, '../../lib/runtime/events.ts'), 'utf8')
    const kinds = [...events.matchAll(/event: '(\w+)'/g)].map(([, kind]) => kind)
    const own = ['driver', 'intake', 'task', 'usage', 'print', 'stuck', 'deployment']
    for (const kind of [...kinds, ...own, 'messageRefused', 'notReleased', 'invocationFailed'])
      expect(page).toContain(`\`${kind}\``)
  })

  // Source: Amazon CloudWatch Logs User Guide, "CloudWatch Logs quotas".
  test('a log has as many filters as it may have, and names that CloudWatch takes', () => {
    for (const role of ['intake', 'driver'])
      expect(filters.filter((filter) => filter.role === role).length).toBeLessThan(100)
    for (const { pattern } of filters) expect(pattern.length).toBeLessThanOrEqual(1_024)
  })

  test.each([
    { path: 'Stack/App', namespace: 'Millrace/Stack/App' },
    { path: 'Stack/Größe', namespace: 'Millrace/Stack/Gr--e-43e4b98f' },
    { path: 'Stack/a:b*', namespace: /^Millrace\/Stack\/a-b--[0-9a-f]{8}$/ },
    { path: 'x'.repeat(300), namespace: /^Millrace\/x{237}-[0-9a-f]{8}$/ },
  ])('the namespace of $path is $namespace', ({ path, namespace }) => {
    const made = namespaceOf(path)
    expect(made).toMatch(namespace)
    expect(made.length).toBeLessThanOrEqual(255)
  })

  test.each(TIMEOUTS)('a time-out of Lambda counts, and nothing else: $line', (row) => {
    const timeouts = filters.filter(({ metric }) => metric === 'DriverTimeouts')
    expect(timeouts.flatMap((filter) => valuesOf(filter, [row.line]))).toEqual(row.values)
  })

  test('what the console of a Lambda function would make of a line is no entry', () => {
    const [batches] = filters.filter(({ metric }) => metric === 'Batches')
    const line = '{"event":"batchCompleted"}'
    expect(
      batches && valuesOf(batches, [line, `2026-11-01T00:00:00.000Z\t0a1b\tINFO\t${line}`]),
    ).toEqual([1])
  })
})
