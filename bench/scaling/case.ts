/**
 * Runs one case: the deployed word count with so many shards, for a while of virtual time. First it
 * warms up, then it is measured. At the end the stream stops, and what waits is processed, so that
 * all words can be counted.
 */
import { seconds } from 'millrace'
import type { DriverFunction } from '../../functions/driver-function.ts'
import type { IntakeFunction } from '../../functions/intake-function.ts'
import { seededRandom } from '../../lib/base/seeded.ts'
import type { Usage } from '../../lib/base/prices.ts'
import { HeadStore } from '../../lib/state/head.ts'
import { readLaneOffsets } from '../../lib/state/lane-offsets.ts'
import { Delays } from './delays.ts'
import { type Collect, HeldMemory } from './held.ts'
import { virtualExecutors } from './executors.ts'
import { Lambda, loadersOf, storeOf } from './functions.ts'
import { wordsIn } from './records.ts'
import { type QueueMessage, VirtualServices } from './services.ts'
import { measureParsing, VirtualStream } from './stream.ts'
import { type Keys, SOURCE, wordCount } from './word-count.ts'
import { World } from './world.ts'

/** What is run. */
export interface Case {
  readonly shards: number
  /** Of each shard. */
  readonly recordsPerS: number
  readonly executors: number
  /** Default: words. */
  readonly keys?: Keys
  /** Whether intake combines records where it pays. Default: false. */
  readonly atIntake?: boolean
  readonly warmUpS: number
  readonly measuredS: number
}

/** For whom calls and time are counted. */
export type Role = 'intake' | 'driver' | 'executor'

/** A batch that was committed in the measured time. */
export interface Batch {
  readonly timeMs: number
  readonly records: number
  /** How long after its time it began. */
  readonly lateMs: number
  /** Records that it had to leave. */
  readonly waits: number
  readonly processingMs: number
}

/** What was measured. */
export interface Measured {
  readonly of: Case
  readonly batches: readonly Batch[]
  readonly delays: Delays
  /** Records that intake accepted in the measured time. */
  readonly accepted: number
  /** Calls of intake that were refused. */
  readonly failedCalls: number
  /** Processor time in the measured time, virtual milliseconds. */
  readonly cpuMs: Readonly<Record<Role, number>>
  readonly usage: Readonly<Record<Role, Usage>>
  /** Requests by role and service: `intake dynamodb`. */
  readonly requests: ReadonlyMap<string, number>
  /** Bytes that the last batch held in memory at most. Left out: not measured. */
  readonly heldBytes?: number
  /** Counted words, and words in the committed records. They must be equal. */
  readonly words: { readonly counted: number; readonly expected: number }
}

/** The batch interval. */
export const INTERVAL_S = 10
const WINDOW_MS = 5_000
/** As the construct sets it: a minute and three intervals. */
const TIMEOUT_MS = 60_000 + 3 * INTERVAL_S * 1_000
const START_MS = 1_700_000_000_000
const MINUTE_MS = 60_000
/** The schedule comes somewhere in its minute. */
const SCHEDULE_MS = 7_000
const SEED = 41
const TRIGGERS_AT_ONCE = 10
/** To fetch a trigger and to delete it. */
const REQUESTS_PER_TRIGGER = 2
/** The time for what is left after the stream has stopped. */
const REST_MS_MAX = 15 * MINUTE_MS
/** So often the memory of the last batch is looked at. */
const LOOKS = 40
const INTAKE_SIZE = { role: 'intake', memoryMb: 1_024, environmentsMax: Infinity }
const DRIVER_SIZE = { role: 'driver', memoryMb: 1_769, environmentsMax: 2 }

interface BatchLine {
  readonly event: string
  readonly timeMs: number
  readonly records: number
  readonly delayMs: number
  readonly behind: { readonly records: number }
  readonly processingMs: number
}

/** The application in its world. */
class Deployment {
  readonly world = new World(START_MS)
  readonly services = new VirtualServices(this.world, (message) => this.#sent(message))
  readonly stream: VirtualStream
  readonly #driver: Lambda<DriverFunction>
  readonly #intake: Lambda<IntakeFunction>
  readonly #executors: ReturnType<typeof virtualExecutors> | undefined
  readonly #triggers: string[] = []
  readonly #started = new Map<number, BatchLine>()
  readonly errors: unknown[] = []
  /** Batches that were committed, and not looked at yet. */
  committed: Batch[] = []
  #committedAtMs = 0
  readonly #offsets = new Map<number, number>()
  readonly cpuMs = { intake: 0, driver: 0 }

  constructor({ shards, recordsPerS, executors: count, keys = 'words', atIntake }: Case) {
    const { world, services } = this
    const load = loadersOf({
      pipeline: wordCount(seconds(INTERVAL_S), keys, atIntake === true ? 'intake' : 'driver'),
      world,
      services,
      timeoutMs: TIMEOUT_MS,
      write: (line) => this.#wrote(line),
    })
    const parts = { world, services }
    const executors =
      count === 0 ? undefined : virtualExecutors({ ...parts, count, load: load.executor })
    this.#executors = executors
    this.#driver = new Lambda({
      ...parts,
      size: DRIVER_SIZE,
      load: () => load.driver(executors),
    })
    this.#intake = new Lambda<IntakeFunction>({ ...parts, size: INTAKE_SIZE, load: load.intake })
    this.stream = new VirtualStream({
      ...parts,
      intake: this.#intake,
      shards,
      recordsPerS,
      windowMs: WINDOW_MS,
      startMs: START_MS,
      random: seededRandom(SEED),
      parseMsPerRecord: measureParsing(),
    })
    this.#schedule(START_MS + 1)
  }

  #schedule(atMs: number): void {
    this.world.at(atMs, () => {
      this.services.meterOf('driver').add('scheduledCalls', 1)
      this.#sent({ body: JSON.stringify({ app: 'words', scheduleMinute: true }), delayMs: 0 })
      const minute = Math.floor(atMs / MINUTE_MS) * MINUTE_MS
      this.#schedule(minute + MINUTE_MS + SCHEDULE_MS)
    })
  }

  #sent({ body, delayMs }: QueueMessage): void {
    const { world, services } = this
    world.at(world.now() + delayMs + services.draw('queueDeliver'), () => {
      this.#triggers.push(body)
      this.#drive()
    })
  }

  #drive(): void {
    if (this.#triggers.length === 0 || !this.#driver.hasRoom) return
    const bodies = this.#triggers.splice(0, TRIGGERS_AT_ONCE)
    const { world } = this
    this.services.meterOf('driver').add('queueRequests', REQUESTS_PER_TRIGGER)
    this.#driver.invoke(
      async (handle) => {
        const endMs = world.now() + TIMEOUT_MS
        await handle(
          { Records: bodies.map((body) => ({ body })) },
          { getRemainingTimeInMillis: () => endMs - world.now() },
        )
      },
      ({ error, ms }) => {
        if (error !== undefined) this.errors.push(error)
        if (ms > TIMEOUT_MS) this.errors.push(new Error(`the driver ran for ${ms} ms`))
        this.#drive()
      },
    )
  }

  #wrote(text: string): void {
    const line = JSON.parse(text) as BatchLine
    if (line.event === 'batchStarted') this.#started.set(line.timeMs, line)
    if (line.event === 'batchFailed' || line.event === 'failed') this.errors.push(new Error(text))
    if (line.event !== 'batchCompleted') return
    const { timeMs, records, processingMs } = line
    const started = this.#started.get(timeMs)
    this.#started.delete(timeMs)
    this.#committedAtMs = this.world.now()
    this.committed.push({
      timeMs,
      records,
      processingMs,
      lateMs: started?.delayMs ?? 0,
      waits: started?.behind.records ?? 0,
    })
  }

  /** Runs until a time, and calls `onCommit` after each commit with the delays of its records. */
  async run(
    endMs: number,
    onCommit: (batches: readonly Batch[], delays: readonly [ms: number, count: number][]) => void,
    isEnough: () => boolean = () => false,
  ): Promise<void> {
    for (;;) {
      await this.world.runUntil(endMs, () => this.committed.length > 0 || isEnough())
      if (this.errors.length > 0) throw this.errors[0]
      const batches = this.committed
      if (batches.length === 0) return
      this.committed = []
      onCommit(batches, await this.#delays())
    }
  }

  /** The delays of the records that were committed since the last call. */
  async #delays(): Promise<readonly [ms: number, count: number][]> {
    const offsets = await this.#laneOffsets()
    const delays: [number, number][] = []
    for (const shard of this.stream.shards) {
      const suffix = `/shardId-${String(shard.shard).padStart(12, '0')}`
      const position = offsets.get(suffix) ?? '0'
      const end = shard.ends.get(position)
      // The answer of intake may still be on its way.
      const until = end ?? this.#offsets.get(shard.shard) ?? 0
      for (let n = this.#offsets.get(shard.shard) ?? 0; n < until; n++)
        delays.push([this.#committedAtMs - this.stream.arrivalMs(shard, n), 1])
      this.#offsets.set(shard.shard, until)
    }
    return delays
  }

  async #laneOffsets(): Promise<ReadonlyMap<string, string>> {
    const { services } = this
    services.isObserved = true
    const store = storeOf(services.clients)
    const head = await new HeadStore(store, 'words').read()
    const offsets = head === undefined ? {} : await readLaneOffsets(store, 'words', head)
    services.isObserved = false
    return new Map(
      Object.entries(offsets[SOURCE] ?? {}).map(([lane, at]) => [lane.replace(/^.*\//, '/'), at]),
    )
  }

  /** Meters the time of invocations that still run, up to now. */
  settle(): void {
    this.#driver.settle()
    this.#intake.settle()
    this.#executors?.settle()
  }

  /** Whether a batch has begun and is not committed. */
  get isRunning(): boolean {
    return this.#started.size > 0
  }

  /** The words in all files of results, and those in the records that are committed. */
  words(): Measured['words'] {
    const counted = this.#countedWords()
    const offsets = [...this.#offsets]
    const expected = offsets.reduce((all, [shard, count]) => all + wordsIn(shard, count), 0)
    return { counted, expected }
  }

  #countedWords(): number {
    let words = 0
    for (const [path, text] of this.services.results) {
      if (!path.includes('part-')) continue
      for (const [, count] of text.matchAll(/,(\d+)\)?$/gm)) words += Number(count)
    }
    return words
  }
}

/** Adds up the processor time of each role. */
const cpuByRole = (world: World): (() => Readonly<Record<Role, number>>) => {
  let cpu = { intake: 0, driver: 0, executor: 0 }
  world.afterStep = ({ role }, ms) => {
    cpu[role as keyof typeof cpu] += ms
  }
  return () => {
    const taken = cpu
    cpu = { intake: 0, driver: 0, executor: 0 }
    return taken
  }
}

const usageTaken = (services: VirtualServices): Measured['usage'] => ({
  intake: services.meterOf('intake').take(),
  driver: services.meterOf('driver').take(),
  executor: services.meterOf('executor').take(),
})

/** Runs a case. `collect` collects garbage; without it, memory is not measured. */
export const runCase = async (of: Case, collect?: Collect): Promise<Measured> => {
  const app = new Deployment(of)
  const { services, stream, world } = app
  const takeCpu = cpuByRole(world)
  const takeUsage = (): Measured['usage'] => {
    app.settle()
    return usageTaken(services)
  }
  await app.run(START_MS + of.warmUpS * 1_000, () => undefined)
  takeUsage()
  takeCpu()
  services.takeRequests()
  const before = { accepted: stream.accepted, failed: stream.failedCalls }
  const batches: Batch[] = []
  const delays = new Delays()
  await app.run(START_MS + (of.warmUpS + of.measuredS) * 1_000, (more, delayed) => {
    batches.push(...more)
    for (const [ms, count] of delayed) delays.add(ms, count)
  })
  const measured = {
    of,
    batches,
    delays,
    accepted: stream.accepted - before.accepted,
    failedCalls: stream.failedCalls - before.failed,
    cpuMs: takeCpu(),
    usage: takeUsage(),
    requests: services.takeRequests(),
  }
  const eachMs = measured.cpuMs.driver / Math.max(1, batches.length) / LOOKS
  const heldBytes = await lastBatch(app, collect, eachMs)
  return { ...measured, ...(heldBytes === undefined ? {} : { heldBytes }), words: app.words() }
}

/**
 * The stream stops, and one more batch runs. So nothing but this batch takes memory, and its files
 * are those of a committed batch.
 */
const lastBatch = async (
  app: Deployment,
  collect: Collect | undefined,
  eachMs: number,
): Promise<number | undefined> => {
  const { world, stream } = app
  stream.isOpen = false
  let commits = 0
  const next = (): Promise<void> => {
    const before = commits
    const endMs = world.now() + REST_MS_MAX
    return app.run(
      endMs,
      () => void (commits += 1),
      () => commits > before,
    )
  }
  const storedBytes = (): number => app.services.storedBytes
  // A batch may be running.
  if (app.isRunning) await next()
  const held = collect === undefined ? undefined : new HeldMemory({ collect, eachMs, storedBytes })
  if (held !== undefined) world.afterStep = held.look
  await next()
  return held?.peakBytes
}
