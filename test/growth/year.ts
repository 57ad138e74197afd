/**
 * A year in the life of an application, in virtual time: a stream that is resharded every day, a
 * bucket with many objects, bad records every day, and processes that end every day. What it keeps
 * must be bounded by what lives, and not by how long it has run.
 */
import { hours, type Pipeline, seconds, stream } from 'millrace'
import { type DriverFunction, driverFunction } from '../../functions/driver-function.ts'
import {
  type IntakeFunction,
  intakeFunction,
  type IntakeResponse,
} from '../../functions/intake-function.ts'
import type { DriverPorts } from '../../functions/ports.ts'
import { memoryObjectStore } from '../../lib/adapters/memory/memory-object-store.ts'
import { redrive } from '../../lib/runtime/dead-letters/redrive.ts'
import type { PlatformEvent } from '../../lib/runtime/intake/event-reader.ts'
import type { Location } from '../../lib/runtime/locations.ts'
import { type Head, HeadStore } from '../../lib/state/head.ts'
import { headKey } from '../../lib/state/item-keys.ts'
import { type MeteredStore, meteredStore } from './metered-store.ts'

/** How much happens. */
export interface YearOptions {
  readonly days: number
  /** A report covers this many days. */
  readonly daysInMonth: number
  readonly objectsPerDay: number
  /** How often in a day something comes. Between, the application rests. */
  readonly deliveriesPerDay: number
  /** Called after each month. */
  readonly onMonth?: (month: Month) => void
}

/** What one month showed. Sizes are in bytes. */
export interface Month {
  readonly month: number
  /** Number of objects since the beginning. */
  readonly objects: number
  readonly shards: number
  /** The largest item that was written, and where. The largest head and manifest of a day's end. */
  readonly largestItem: number
  readonly largestIn: string
  readonly head: number
  readonly manifest: number
  /** The largest number of calls and bytes that the first batch of a cold process read. */
  readonly coldCalls: number
  readonly coldBytes: number
  /** Items at the end of the month, without the ledger of objects. */
  readonly items: number
  /** Items in the ledger. It is kept for ever. */
  readonly ledger: number
  /** The totals are right. */
  readonly isCounted: boolean
}

const APP = 'year'
const STREAM_ARN = 'arn:aws:kinesis:eu-west-1:123456789012:stream/clicks'
const BUCKET = 'drops'
const START_MS = Date.UTC(2030, 0, 1)
const DAY_MS = 86_400_000
const RECORDS_PER_DELIVERY = 20
const BAD_PER_DAY = 5
const WORDS = 200
const OBJECTS_PER_EVENT = 10
/** More batches than the application needs until it rests. */
const BATCHES_MAX = 60

/** Lives through the days. Returns a row for each month. */
export const liveAYear = async (options: YearOptions): Promise<readonly Month[]> => {
  const year = new Year(options)
  for (let day = 0; day < options.days; day++) await year.day(day)
  return year.months
}

/** Words of records and objects. Those that begin with `bad` are put aside. */
const pipeline = (seen: Seen): Pipeline =>
  stream(APP, { batchInterval: seconds(10) }, (ssc) => {
    const clicks = ssc.kinesisTextStream('clicks')
    const drops = ssc.textFileStream('drops', { listEvery: hours(6) })
    const words = clicks.union(drops).map((word) => {
      if (word.startsWith('bad')) throw new TypeError('a bad word')
      return word
    })
    words.countByWindow(seconds(60), seconds(30)).foreachRDD(() => undefined)
    const totals = words
      .mapToPair((word) => [word, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
    totals.foreachRDD(async (rdd) => void (seen.totals = new Map(await rdd.collect())))
  })

/** The newest totals. */
interface Seen {
  totals: ReadonlyMap<string, number>
}

/** The largest figures of a month. */
interface Largest {
  readonly calls: number
  readonly bytes: number
  readonly head: number
  readonly manifest: number
}

const NOTHING: Largest = { calls: 0, bytes: 0, head: 0, manifest: 0 }

class Year {
  readonly months: Month[] = []
  readonly #options: YearOptions
  readonly #store: MeteredStore = meteredStore()
  readonly #bucket = memoryObjectStore()
  readonly #seen: Seen = { totals: new Map() }
  readonly #keys: { readonly key: string; readonly day: number }[] = []
  readonly #lines: string[] = []
  #nowMs = START_MS
  #attempts = 0
  #sequence = 0
  #good = 0
  #objects = 0
  #shards = 0
  #largest = NOTHING
  #intake: IntakeFunction | undefined
  #driver: DriverFunction | undefined

  constructor(options: YearOptions) {
    this.#options = options
  }

  async day(day: number): Promise<void> {
    // Processes live for some hours at most.
    this.#intake = undefined
    this.#driver = undefined
    this.#shards += 1
    const { deliveriesPerDay, objectsPerDay } = this.#options
    for (let delivery = 0; delivery < deliveriesPerDay; delivery++) {
      await this.#bringRecords(day, delivery)
      await this.#bringObjects(day, objectsPerDay / deliveriesPerDay)
      await this.#runBatches(delivery === 0)
      this.#nowMs += DAY_MS / deliveriesPerDay
    }
    if (day % 7 === 6) await this.#redriveSome()
    const { manifest } = await this.#head()
    this.#saw({
      head: this.#store.sizeOf(headKey(APP).partition).bytes,
      manifest: manifest?.bytes ?? 0,
    })
    await this.#store.expire(this.#nowMs)
    this.#removeObjects(day - 1)
    if ((day + 1) % this.#options.daysInMonth === 0)
      this.#report((day + 1) / this.#options.daysInMonth)
  }

  get #world() {
    const { store, clock, randomness } = this.#ports
    return { store, clock, randomness, app: APP }
  }

  get #ports(): DriverPorts {
    return {
      store: this.#store,
      clock: { now: () => this.#nowMs, sleep: async () => undefined },
      randomness: { attemptId: () => `attempt${++this.#attempts}` },
      scheduleTriggers: async () => undefined,
      sources: {
        objects: { open: async () => this.#bucket },
        kinesis: {
          createdMs: async () => START_MS,
          retentionMs: async () => DAY_MS,
          reader: async () => ({
            read: async () => [],
            parents: async ({ shardId }) => (shardId === shardOf(0) ? [] : [before(shardId)]),
          }),
        },
      },
      sinks: {},
      write: (line) => void this.#lines.push(line),
    }
  }

  async #bring(event: PlatformEvent): Promise<void> {
    this.#intake ??= intakeFunction(this.#parts)
    const { batchItemFailures } = (await this.#intake(event)) as IntakeResponse
    if (batchItemFailures.length > 0) throw new Error('intake refuses messages')
  }

  get #parts() {
    const environment = {
      table: 'table',
      blocks: undefined,
      triggers: 'queue',
      sources: new Map<string, Location>([
        ['kinesisTextStream-1', { kind: 'kinesis', streamArn: STREAM_ARN } as Location],
        ['textFileStream-1', { kind: 'objects', bucket: BUCKET, prefix: '' } as Location],
      ]),
      outputs: new Map<string, Location>(),
      generation: 1,
      timeoutMs: 900_000,
      executors: [],
      parallelism: 1,
    }
    return { pipeline: pipeline(this.#seen), environment, ports: this.#ports }
  }

  /** Good words, and on the first delivery of the day some bad ones. */
  async #bringRecords(day: number, delivery: number): Promise<void> {
    const words = Array.from({ length: RECORDS_PER_DELIVERY }, () => this.#word())
    const bad = delivery > 0 ? [] : Array.from({ length: BAD_PER_DAY }, (_, at) => `bad ${at}`)
    const Records = [...words, ...bad].map((word) => {
      const sequenceNumber = String(++this.#sequence)
      return {
        eventID: `${shardOf(day)}:${sequenceNumber}`,
        eventSourceARN: STREAM_ARN,
        kinesis: {
          sequenceNumber,
          partitionKey: 'k',
          approximateArrivalTimestamp: this.#nowMs / 1_000,
          data: Buffer.from(word).toString('base64'),
        },
      }
    })
    await this.#bring({ Records })
  }

  async #bringObjects(day: number, count: number): Promise<void> {
    const eventTime = new Date(this.#nowMs).toISOString()
    const found = Array.from({ length: count }, () => {
      const key = `${day}/object-${++this.#objects}`
      this.#bucket.write(key, Buffer.from(`${this.#word()}\n`), this.#nowMs)
      this.#keys.push({ key, day })
      return { bucket: { name: BUCKET }, object: { key, versionId: undefined } }
    })
    for (let from = 0; from < count; from += OBJECTS_PER_EVENT) {
      const bodies = found
        .slice(from, from + OBJECTS_PER_EVENT)
        .map((s3) =>
          JSON.stringify({ Records: [{ eventName: 'ObjectCreated:Put', eventTime, s3 }] }),
        )
      const Records = bodies.map((body, at) => ({
        messageId: `message-${at}`,
        eventSource: 'aws:sqs',
        body,
      }))
      await this.#bring({ Records })
    }
  }

  #word(): string {
    return `word-${this.#good++ % WORDS}`
  }

  /** Old objects are deleted by a rule of the bucket. */
  #removeObjects(upToDay: number): void {
    while ((this.#keys[0]?.day ?? Infinity) <= upToDay)
      this.#bucket.remove(this.#keys.shift()?.key as string)
  }

  /** Lets batch times pass until the application rests. */
  async #runBatches(isCold: boolean): Promise<void> {
    const { reads } = this.#store
    const before = { ...reads }
    const context = { getRemainingTimeInMillis: () => 900_000 }
    const event = { Records: [{ body: JSON.stringify({ app: APP, scheduleMinute: true }) }] }
    for (let batch = 0; batch < BATCHES_MAX; batch++) {
      this.#driver ??= await driverFunction(this.#parts)
      await this.#driver(event, context)
      if (isCold && batch === 1)
        this.#saw({ calls: reads.calls - before.calls, bytes: reads.bytes - before.bytes })
      if (batch > 1 && (await this.#head()).status === 'rest') return
      this.#nowMs += 10_000
    }
    throw new Error(`the application does not rest: ${this.#lines.slice(-3).join('; ')}`)
  }

  async #head(): Promise<Head> {
    const head = await new HeadStore(this.#store, APP).read()
    if (head === undefined) throw new Error('there is no head')
    return head
  }

  /** A person looks at some dead letters. They are still bad. */
  async #redriveSome(): Promise<void> {
    await redrive(this.#world, {
      limit: BAD_PER_DAY,
      fromMs: this.#nowMs - 15 * DAY_MS,
      toMs: this.#nowMs,
    })
    await this.#runBatches(false)
  }

  /** Keeps the largest figures of the month. */
  #saw(figures: Partial<Largest>): void {
    const all: Largest = { ...NOTHING, ...figures }
    const { calls, bytes, head, manifest } = this.#largest
    this.#largest = {
      calls: Math.max(calls, all.calls),
      bytes: Math.max(bytes, all.bytes),
      head: Math.max(head, all.head),
      manifest: Math.max(manifest, all.manifest),
    }
  }

  #report(month: number): void {
    const { largest } = this.#store
    const ledger = this.#store.sizeOf(`${APP}#obj#`)
    const row: Month = {
      month,
      objects: this.#objects,
      shards: this.#shards,
      largestItem: largest.bytes,
      largestIn: largest.partition,
      head: this.#largest.head,
      manifest: this.#largest.manifest,
      coldCalls: this.#largest.calls,
      coldBytes: this.#largest.bytes,
      items: this.#store.sizeOf('').items - ledger.items,
      ledger: ledger.items,
      isCounted: this.#isCounted(),
    }
    this.#store.reset()
    this.#largest = NOTHING
    this.#lines.length = 0
    this.months.push(row)
    this.#options.onMonth?.(row)
  }

  /** Every good word was counted once. */
  #isCounted(): boolean {
    const { totals } = this.#seen
    const expected = (index: number): number =>
      Math.floor(this.#good / WORDS) + (index < this.#good % WORDS ? 1 : 0)
    return Array.from({ length: WORDS }, (_, index) => totals.get(`word-${index}`) ?? 0).every(
      (total, index) => total === expected(index),
    )
  }
}

const shardOf = (day: number): string => `shardId-${String(day).padStart(12, '0')}`

/** The shard of the day before. */
const before = (shardId: string): string => shardOf(Number(shardId.slice('shardId-'.length)) - 1)
