/**
 * The runtime over memory adapters, controlled by hand. One world has a store and a clock, and any
 * number of deployments. Each deployment is a process with its own memory. Times in tests are
 * counted from {@link START_MS}.
 */
import { seconds, stream, type Pipeline, type StreamingContext, type StreamOptions } from 'millrace'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import {
  memoryObjectStore,
  type MemoryObjectStore,
} from '../../../lib/adapters/memory/memory-object-store.ts'
import { memoryObjects } from '../../../lib/adapters/memory/memory-objects.ts'
import { memoryFiles } from '../../../lib/adapters/memory/memory-files.ts'
import type { ConditionalBucket } from '../../../lib/adapters/conditional-bucket.ts'
import { objectSink } from '../../../lib/adapters/object-sink.ts'
import { printSink } from '../../../lib/adapters/print-sink.ts'
import { MillraceError } from '../../../lib/base/errors.ts'
import type { SourceDeclaration } from '../../../lib/dstream/sources/declaration.ts'
import { KINESIS_RECORDS } from '../../../lib/dstream/sources/kinesis.ts'
import { isQueue } from '../../../lib/dstream/sources/queue.ts'
import type { Sink } from '../../../lib/ports/sink.ts'
import type { Item, ItemKey, ItemStore, KeyedItem, Query } from '../../../lib/ports/item-store.ts'
import { Driver } from '../../../lib/runtime/driver/driver.ts'
import type { Outcome } from '../../../lib/runtime/driver/outcome.ts'
import type { RuntimeEvent } from '../../../lib/runtime/events.ts'
import { type Outputs, outputsTo } from '../../../lib/runtime/sinks/outputs.ts'
import '../../../lib/runtime/sinks/all.ts'
import '../../../lib/runtime/sources/all.ts'
import type { SinkLocation } from '../../../lib/runtime/sinks/sink-kind.ts'
import { earlierLives } from '../../../lib/runtime/sources/kinesis/shards.ts'
import { wholeReader, type WholeInput } from '../../../lib/runtime/sources/redriven.ts'
import type { HeldLimits } from '../../../lib/runtime/sources/held-limits.ts'
import { StageSpreader } from '../../../lib/runtime/tasks/stage-spreader.ts'
import type { Invocation } from '../../../lib/runtime/tasks/invocation.ts'
import { TaskServer } from '../../../lib/runtime/tasks/task-server.ts'
import type { Executors } from '../../../lib/ports/executors.ts'
import { OutputBucket } from '../../../lib/testing/simulation/cloud/output-bucket.ts'
import { shardReplay } from '../../../lib/runtime/sources/kinesis/replay.ts'
import type { StreamReader } from '../../../lib/ports/stream-reader.ts'
import { Intake } from '../../../lib/runtime/intake/intake.ts'
import type { SourceReader } from '../../../lib/runtime/sources/source-reader.ts'
import { objectsReader } from '../../../lib/runtime/sources/objects/reader.ts'
import { lanesReader } from '../../../lib/runtime/sources/lanes/reader.ts'
import { filesReader } from '../../../lib/runtime/sources/files/reader.ts'
import { queueReader } from '../../../lib/runtime/sources/queue/reader.ts'
import { type Head, HeadStore } from '../../../lib/state/head.ts'
import type { LogSettings } from '../../../lib/state/state-log.ts'
import { readDeadLetters } from '../../../lib/state/dead-letter-reader.ts'

/** The start of every test, on the grid of whole seconds. */
export const START_MS = 1_700_000_000_000

export const APP = 'app'
/** How long streams keep their records. */
export const RETENTION_MS = 86_400_000

/** A pipeline with a batch interval of one second, by default. */
export const pipelineOf = (
  describe: (ssc: StreamingContext) => void,
  options: Partial<StreamOptions> = {},
): Pipeline => stream(APP, { batchInterval: seconds(1), ...options }, describe)

/** A store that shows its items and can be made to fail. */
export interface TestStore extends ItemStore {
  /** The keys of all items, as `partition/sort`. */
  keys(): readonly string[]
  /**
   * Makes a number of calls fail, before or after they are applied. `to`: the prefix of the
   * partition of the items. `after`: so many calls go through before.
   */
  fail(failure: {
    readonly call: 'get' | 'compareAndSet' | 'putAll'
    readonly to: string
    readonly times: number
    readonly after?: number
    readonly applied?: boolean
  }): void
}

const bytesOf = (item: Item | undefined): number =>
  Object.values(item ?? {}).reduce<number>(
    (sum, value) => sum + (value instanceof Uint8Array ? value.byteLength : 0),
    0,
  )

/** Counts, from now on, the bytes that come from partitions whose names contain a text. */
export const countBytes = (store: TestStore, to: string): { readonly bytes: number } => {
  const read = { bytes: 0 }
  const inner = { ...store }
  Object.assign(store, {
    get: async (key: ItemKey) => {
      const item = await inner.get(key)
      if (key.partition.includes(to)) read.bytes += bytesOf(item)
      return item
    },
    query: async (partition: string, asked?: Query) => {
      const found = await inner.query(partition, asked)
      if (partition.includes(to)) for (const { item } of found) read.bytes += bytesOf(item)
      return found
    },
  })
  return read
}

interface Failure {
  readonly call: string
  readonly to: string
  readonly applied: boolean
  times: number
  after: number
}

const testStore = (itemBytesMax?: number): TestStore => {
  const store = memoryItemStore(itemBytesMax === undefined ? {} : { itemBytesMax })
  const keys = new Set<string>()
  const failures: Failure[] = []
  const nameOf = ({ partition, sort }: ItemKey): string => `${partition}/${sort}`

  const guarded = async <T>(
    call: Failure['call'],
    partition: string,
    work: () => Promise<T>,
  ): Promise<T> => {
    const failure = failures.find(
      (one) => one.times > 0 && one.call === call && partition.startsWith(one.to),
    )
    if (failure === undefined || failure.after-- > 0) return work()
    failure.times -= 1
    if (failure.applied) await work()
    throw new MillraceError('STORE_FAILED', {
      problem: 'The store did not answer',
      retryable: true,
    })
  }

  return {
    ...store,
    keys: () => [...keys].toSorted(),
    fail: ({ applied = false, after = 0, ...failure }) =>
      void failures.push({ applied, after, ...failure }),
    get: async (key) => guarded('get', key.partition, async () => store.get(key)),
    compareAndSet: async (key, seen, next) =>
      guarded('compareAndSet', key.partition, async () => {
        const swap = await store.compareAndSet(key, seen, next)
        if (swap.swapped) keys.add(nameOf(key))
        return swap
      }),
    put: async (key: ItemKey, item: Item) => {
      await store.put(key, item)
      keys.add(nameOf(key))
    },
    putAll: async (items: readonly KeyedItem[]) =>
      guarded('putAll', items[0]?.partition ?? '', async () => {
        await store.putAll(items)
        for (const item of items) keys.add(nameOf(item))
      }),
    deleteAll: async (gone: readonly ItemKey[]) => {
      await store.deleteAll(gone)
      for (const key of gone) keys.delete(nameOf(key))
    },
  }
}

/** Who uses something of the world. */
export type Process = 'driver' | 'executor'

/** Options of a deployment. */
export interface DeployOptions {
  readonly generation?: number
  /** Default 0: no other process runs. */
  readonly leaseMs?: number
  /** The binding of all text sources. Default: files are objects, sockets are lanes. */
  readonly bind?: 'objects' | 'lanes' | 'notifications' | 'versionedHints'
  /** Reads lanes again, as shards of a stream. */
  readonly reader?: StreamReader
  /** The parents of lanes. */
  readonly parentsOf?: (lane: string) => Promise<readonly string[]>
  /** Changes how sources are read. */
  readonly readAs?: (reader: SourceReader) => SourceReader
  /** How much of the input of a batch is read at once. */
  readonly held?: HeldLimits
  /** Makes executors. `open` gives what each of them has: a plan and readers of its own. */
  readonly executors?: (open: () => TaskServer) => Executors
  /** The bucket of outputs, as a process sees it. Default: as it is. */
  readonly bucketOf?: (bucket: OutputBucket, process: Process) => ConditionalBucket
  /** The sink of files. Default: that of the world. */
  readonly files?: Sink<Uint8Array>
  /** See the runner. */
  readonly stateBytes?: number
  readonly slowMs?: number
  /** The call of a function in which it runs. Default: a process that runs for ever. */
  readonly invocation?: Invocation
  /** When states are merged. Default: as everywhere. */
  readonly logSettings?: LogSettings
  /** What the process notes of its memory. Default: nothing. */
  readonly memory?: { readonly memoryInUse: () => number; readonly memoryMb: number }
  /** The process, for queues. Default: all deployments of a world are one process. */
  readonly process?: string
}

/** Settings of a {@link World}. */
export interface WorldOptions {
  readonly startMs?: number
  readonly itemBytesMax?: number
  /** Number of objects on a page of a listing. */
  readonly pageSize?: number
}

/** One world: everything that its deployments share. */
export class World {
  readonly store: TestStore
  readonly objects = memoryObjects()
  readonly uploads = memoryObjectStore()
  readonly versions: MemoryObjectStore
  readonly files = memoryFiles()
  /** Where outputs go whose places begin with `s3://`. */
  readonly bucket = new OutputBucket()
  readonly printed: string[] = []
  #nowMs: number
  #attempts = 0

  constructor({ startMs = START_MS, itemBytesMax, pageSize = 1_000 }: WorldOptions = {}) {
    this.versions = memoryObjectStore({ versioned: true, pageSize })
    this.#nowMs = startMs
    this.store = testStore(itemBytesMax)
  }

  readonly clock = { now: (): number => this.#nowMs, sleep: async (): Promise<void> => undefined }
  readonly randomness = { attemptId: (): string => `attempt${++this.#attempts}` }

  get nowMs(): number {
    return this.#nowMs
  }

  advance(byMs: number): void {
    this.#nowMs += byMs
  }

  async head(): Promise<Head> {
    return (await new HeadStore(this.store, APP).read()) as Head
  }

  /** Writes a file. Default content: one line, its name. */
  write(key: string, modifiedMs: number, text: string | Uint8Array = `${key}\n`): void {
    this.objects.write(
      key,
      typeof text === 'string' ? Buffer.from(text) : text,
      START_MS + modifiedMs,
    )
  }

  /** Reads a file that `saveAsTextFiles('out')` has written for a batch. */
  textOf(timeMs: number, name: string): string {
    return Buffer.from(this.files.files().get(`out-${START_MS + timeMs}/${name}`) ?? []).toString(
      'utf8',
    )
  }

  /** The dead letters: names and codes, with the data as text. */
  async deadLetters(): Promise<readonly (readonly [name: string, code: unknown, data: string])[]> {
    const found: (readonly [name: string, code: unknown, data: string])[] = []
    for await (const deadLetter of readDeadLetters(this.store, APP, {
      fromMs: START_MS,
      toMs: this.#nowMs,
      first: 'oldest',
    })) {
      const { source, position, operator, code, data, isTrue } = deadLetter
      if (isTrue)
        found.push([
          `${source}#${position}#${operator ?? code}`,
          code,
          Buffer.from(data).toString('utf8'),
        ])
    }
    return found
  }

  deploy(pipeline: Pipeline, options: DeployOptions = {}): Deployment {
    return new Deployment(this, pipeline, options)
  }
}

type TestLocation = SinkLocation & Readonly<Partial<Record<'directory' | 'bucket', string>>>

const BUCKET = 's3://results/'

/** Locates outputs: printed text, the bucket of the world, or its files. */
const locateInMemory = (place: string): TestLocation => {
  if (place === 'print:') return { kind: 'print', path: '' }
  return place.startsWith(BUCKET)
    ? { kind: 'objects', bucket: 'results', path: place.slice(BUCKET.length) }
    : { kind: 'files', directory: '', path: place }
}

type EventOf<E extends RuntimeEvent['event']> = Extract<RuntimeEvent, { event: E }>

/** A pipeline in a process: a driver, and intake for its lanes. */
export class Deployment {
  readonly events: RuntimeEvent[] = []
  readonly driver: Driver
  readonly #world: World
  readonly #intervalMs: number
  readonly #parentsOf: DeployOptions['parentsOf']
  readonly #intakes: ReadonlyMap<string, Intake>

  constructor(
    world: World,
    pipeline: Pipeline,
    {
      generation = 1,
      leaseMs = 0,
      bind,
      process = 'process',
      reader,
      parentsOf,
      executors,
      readAs = (one) => one,
      logSettings,
      stateBytes,
      slowMs,
      held,
      bucketOf = (bucket) => bucket,
      files = world.files,
      invocation,
      memory,
    }: DeployOptions,
  ) {
    const plan = pipeline.build()
    const { store, clock, randomness, printed, bucket } = world
    const outputsOf = (by: Process): Outputs =>
      outputsTo({
        locate: locateInMemory,
        ports: {
          print: printSink({ print: (text) => void printed.push(text) }),
          files: () => files,
          objects: async () =>
            objectSink({ description: 'a bucket', bucket: bucketOf(bucket, by) }),
        },
      })
    const report = (event: RuntimeEvent): void => void this.events.push(event)
    const readerOf = (id: string, declared: SourceDeclaration, kind: string): SourceReader => {
      const place = { store, app: APP, source: id, held }
      const { files: selection } = declared
      const bound = bind ?? (kind === 'socketTextStream' ? 'lanes' : 'objects')
      if (isQueue(declared)) return queueReader(declared, process)
      if (bound === 'lanes' || selection === undefined) {
        if (reader === undefined || declared.kind !== 'kinesis') return lanesReader(place)
        const elements = declared.elements === KINESIS_RECORDS ? 'records' : 'text'
        const replay = shardReplay({ elements, open: async () => reader })
        return lanesReader({
          ...place,
          predecessors: earlierLives,
          recovery: { replay, report },
          leaving: { retention: () => async () => RETENTION_MS },
        })
      }
      if (bound === 'objects')
        return filesReader({ ...place, objects: world.objects, selection, report })
      const { existing, onOverwrite = 'new' } = selection
      const objects = bound === 'notifications' ? world.uploads : world.versions
      return objectsReader({ ...selection, ...place, objects, existing, onOverwrite, report })
    }
    const sourceOf = (
      id: string,
      { source, kind }: { readonly source: SourceDeclaration; readonly kind: string },
    ): SourceReader<WholeInput> =>
      wholeReader({ store, app: APP, source: id, held }, readAs(readerOf(id, source, kind)))
    this.#world = world
    this.#parentsOf = parentsOf
    this.#intervalMs = plan.options.intervalMs
    this.#intakes = new Map(
      plan.sources.map(({ id }) => [
        id,
        new Intake({
          app: APP,
          source: id,
          store,
          clock,
          randomness,
          limits: plan.options.limits,
        }),
      ]),
    )
    const serverOf = (): TaskServer => {
      const own = pipeline.build()
      const sources = new Map(own.sources.map(({ id, node }) => [id, sourceOf(id, node)]))
      const settings = logSettings && { logSettings }
      const outputs = outputsOf('executor')
      const parts = { plan: own, app: APP, generation, store, clock, sources, outputs }
      return new TaskServer({ ...parts, ...settings })
    }
    this.driver = new Driver({
      plan,
      app: APP,
      generation,
      store,
      heads: new HeadStore(store, APP),
      clock,
      randomness,
      sources: new Map(plan.sources.map(({ id, node }) => [id, sourceOf(id, node)])),
      outputs: outputsOf('driver'),
      ...(invocation && { invocation }),
      ...memory,
      ...(executors && {
        spreader: new StageSpreader({
          executors: executors(serverOf),
          // A sleep lets executors go on, and takes no time.
          clock: { now: clock.now, sleep: () => new Promise(setImmediate) },
          listen: report,
        }),
      }),
      listen: report,
      leaseMs,
      ...(logSettings && { logSettings }),
      stateBytes,
      slowMs,
    })
  }

  /** Runs the driver now. */
  async run(): Promise<Outcome> {
    return this.driver.run()
  }

  /**
   * Moves the clock to the next batch time and runs the driver, `times` times. On a new store, the
   * first run only makes the head.
   */
  async tick(times = 1): Promise<Outcome> {
    let outcome: Outcome = await this.run()
    for (let i = 0; i < times; i++) {
      this.#world.advance(this.#intervalMs)
      outcome = await this.run()
    }
    return outcome
  }

  /** Appends records at consecutive positions from `first` on. */
  async append(
    source: string,
    first: number | string,
    records: readonly unknown[],
    lane = '0',
  ): Promise<number> {
    const positioned = records.map((record, index) => ({
      position: String(BigInt(first) + BigInt(index)),
      record,
    }))
    const parentsOf = this.#parentsOf
    const delivery = { lane, records: positioned, ...(parentsOf && { parentsOf }) }
    return this.intake(source).append(delivery)
  }

  intake(source: string): Intake {
    return this.#intakes.get(source) as Intake
  }

  eventsOf<E extends RuntimeEvent['event']>(event: E): readonly EventOf<E>[] {
    return this.events.filter((one): one is EventOf<E> => one.event === event)
  }
}

/** A batch: its time from the start, and its elements. */
export type Seen = readonly [timeMs: number, elements: readonly unknown[]]
