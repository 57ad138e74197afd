/**
 * Measures whether an application catches up when more comes than its limits: three times as much
 * in each interval. The work is real and counts as long as it takes; the pauses between batches
 * are skipped. And what it costs to take in a large event of Kinesis.
 */
import { milliseconds, type Pipeline, stream } from 'millrace'
import { memoryItemStore } from '../lib/adapters/memory/memory-item-store.ts'
import { memoryInUse } from '../lib/adapters/local/system-memory.ts'
import type { ItemStore } from '../lib/ports/item-store.ts'
import { compose } from '../lib/runtime/compose.ts'
import { Driver } from '../lib/runtime/driver/driver.ts'
import type { RuntimeEvent } from '../lib/runtime/events.ts'
import { Intake } from '../lib/runtime/intake/intake.ts'
import { kinesisDeliveries, type KinesisEvent } from '../lib/runtime/sources/kinesis/event.ts'
import { type Figure, rounded, table } from './report.ts'
import { median } from './statistics.ts'
import { wordBatches } from './word-lines.ts'

const INTERVALS_S = [1, 10, 60]
/** What the limits take of each second, and what comes. */
const LIMIT_EACH_SECOND = 5_000
const LINES_EACH_SECOND = 3 * LIMIT_EACH_SECOND
/** A delivery brings so many lines at most. */
const DELIVERY_LINES = 1_000
const BATCHES_MAX = 30
/** Nothing must wait after so many batches. */
const CALM_BATCHES = 5
const ZERO_MS = 1_700_000_000_000
const SOURCE = 'socketTextStream-1'
const EVENT_SIZES = [2_000, 20_000] as const

const attemptIds = (): { attemptId: () => string } => {
  let attempts = 0
  return { attemptId: () => String(++attempts).padStart(24, 'a') }
}

/** A clock that runs while work is done, and is moved in between. */
class WorkClock {
  #nowMs = ZERO_MS
  #runsSince: number | undefined

  readonly now = (): number =>
    Math.floor(
      this.#nowMs + (this.#runsSince === undefined ? 0 : performance.now() - this.#runsSince),
    )
  readonly sleep = async (): Promise<void> => undefined

  moveTo(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms)
  }

  /** The time of this work passes. */
  async during(work: () => Promise<unknown>): Promise<void> {
    this.#runsSince = performance.now()
    await work()
    this.#nowMs = this.now()
    this.#runsSince = undefined
  }
}

interface Batch {
  readonly came: number
  readonly took: number
  readonly waits: number
  readonly ms: number
}

/** Runs batches until nothing has waited for some of them. */
const overload = async (intervalS: number, growth: number, batches: number): Promise<Batch[]> => {
  const clock = new WorkClock()
  const store = memoryItemStore()
  const randomness = attemptIds()
  const plan = wordCount(intervalS, growth).build()
  const events: RuntimeEvent[] = []
  const { runner } = await compose({
    plan,
    generation: 1,
    ports: {
      store,
      clock,
      randomness,
      memoryInUse,
      sources: { socket: () => ({ description: 'none', run: async () => undefined }) },
      sinks: {},
    },
    locations: new Map([[SOURCE, { kind: 'socket', host: 'localhost', port: 9 }]]),
    locateOutput: () => ({ kind: 'print', path: '' }),
    listen: (event) => void events.push(event),
    leaseMs: 0,
  })
  const { limits } = plan.options
  const intake = new Intake({ app: plan.name, source: SOURCE, store, clock, randomness, limits })
  const driver = new Driver(runner)
  // The first run makes the head.
  await driver.run()
  const [lines = []] = wordBatches(1, DELIVERY_LINES)
  const done: Batch[] = []
  let came = 0
  for (let batch = 1; batch <= batches; batch += 1) {
    clock.moveTo(ZERO_MS + batch * intervalS * 1_000)
    const before = came
    const comes = Math.floor(((clock.now() - ZERO_MS) / 1_000) * LINES_EACH_SECOND)
    for (; came < comes; came += Math.min(DELIVERY_LINES, comes - came))
      await append(intake, lines, came, Math.min(DELIVERY_LINES, comes - came))
    events.length = 0
    await clock.during(() => driver.run({ mayGoOn: () => false }))
    done.push({ came: came - before, ...measured(events) })
    if (done.length > CALM_BATCHES && done.slice(-CALM_BATCHES).every(({ waits }) => waits === 0))
      break
  }
  return done
}

const wordCount = (intervalS: number, growth: number): Pipeline =>
  stream(
    'overload',
    {
      batchInterval: milliseconds(intervalS * 1_000),
      limits: { records: LIMIT_EACH_SECOND * intervalS, growth },
      whenIdle: 'tick',
    },
    (ssc) =>
      ssc
        .socketTextStream('localhost', 9)
        .flatMap((line) => line.split(' '))
        .mapToPair((word) => [word, 1])
        .reduceByKey((a, b) => a + b)
        .foreachRDD(async (rdd) => void (await rdd.count())),
  )

const append = async (
  intake: Intake,
  lines: readonly string[],
  after: number,
  count: number,
): Promise<void> => {
  const records = lines
    .slice(0, count)
    .map((record, index) => ({ position: String(after + index + 1), record }))
  await intake.append({ lane: '0', records })
}

const measured = (events: readonly RuntimeEvent[]): Omit<Batch, 'came'> => {
  const started = events.find((one) => one.event === 'batchStarted')
  const completed = events.find((one) => one.event === 'batchCompleted')
  if (started === undefined || completed === undefined)
    throw new Error(`a batch did not run: ${JSON.stringify(events)}`)
  return {
    took: completed.records,
    waits: started.behind.records,
    ms: completed.processingMs,
  }
}

/** The number of batches until nothing waits any more. Infinity: something always does. */
const batchesUntilCalm = (batches: readonly Batch[]): number => {
  const last = batches.findLastIndex(({ waits }) => waits > 0)
  return last === batches.length - 1 ? Infinity : last + 2
}

const shown = (batches: readonly Batch[]): string =>
  table([
    ['batch', 'came', 'took', 'waits', 'ms'],
    ...batches.map(({ came, took, waits, ms }, index) =>
      [index + 1, came, took, waits, ms].map((one) => one.toLocaleString('en-US')),
    ),
  ])

/** An event of one shard. Its sequence numbers are equal in their low 64 bits. */
const eventOf = (records: number): KinesisEvent => ({
  Records: Array.from({ length: records }, (_, index) => {
    const sequenceNumber = String((4_959_033_827n << 100n) + (BigInt(index) << 64n))
    return {
      eventID: `shardId-000000000000:${sequenceNumber}`,
      eventSourceARN: 'arn:aws:kinesis:eu-central-1:123456789012:stream/clicks',
      kinesis: {
        partitionKey: String(index % 100),
        sequenceNumber,
        data: Buffer.from(`line ${index} of the event`).toString('base64'),
        approximateArrivalTimestamp: ZERO_MS / 1_000,
      },
    }
  }),
})

/** Milliseconds for each record of an event: read it, and append it. */
const msEachOf = async (records: number): Promise<number> => {
  const event = eventOf(records)
  const limits = { records: 1e6, bytes: 64 * 1024 * 1024, objects: 1_000 }
  const parts = { app: 'overload', source: SOURCE, randomness: attemptIds(), limits }
  const store: ItemStore = memoryItemStore()
  const clock = { now: () => ZERO_MS, sleep: async () => undefined }
  const intake = new Intake({ ...parts, store, clock })
  const before = performance.now()
  for (const delivery of kinesisDeliveries(event, {
    source: SOURCE,
    elements: 'text',
    createdMs: ZERO_MS,
  }))
    await intake.append(delivery)
  return (performance.now() - before) / records
}

/** Runs the benchmark, and prints what each batch took. */
export const benchOverload = async ({
  batches: rounds,
  say,
}: {
  readonly batches: number
  readonly say: (text: string) => void
}): Promise<readonly Figure[]> => {
  const figures: Figure[] = []
  const figure = (name: string, value: number, unit: Figure['unit']): void =>
    void figures.push({ bench: 'overload', figure: name, value, unit })
  for (const intervalS of INTERVALS_S) {
    const fixed = await overload(intervalS, 1, CALM_BATCHES)
    const growing = await overload(intervalS, 1_000, BATCHES_MAX)
    const waits = fixed.at(-1)?.waits.toLocaleString('en-US')
    say(`T = ${intervalS} s. With fixed limits, ${waits} lines wait after ${fixed.length} batches`)
    say(`${shown(growing)}\n`)
    figure(`overload-T${intervalS}`, batchesUntilCalm(growing), 'count')
  }
  const ratios: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const [small, large] = [await msEachOf(EVENT_SIZES[0]), await msEachOf(EVENT_SIZES[1])]
    // The first round warms up.
    if (round > 0) ratios.push(large / small)
  }
  say(`An event of 20,000 records: ${rounded(median(ratios))} times the time for each record`)
  figure('kinesis-event-ratio', rounded(median(ratios)), 'ratio')
  return figures
}
