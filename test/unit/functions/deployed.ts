/**
 * A deployed application without AWS: both functions, composed as on AWS, over memory. Every call
 * of a port takes some time, so that a test sees a call that a function left running when it
 * answered.
 */
import type { Pipeline } from 'millrace'
import type { Context } from '../../../functions/driver-function.ts'
import { type DriverFunction, driverFunction } from '../../../functions/driver-function.ts'
import type { DriverEnvironment } from '../../../functions/driver-environment.ts'
import {
  type IntakeFunction,
  intakeFunction,
  type IntakeResponse,
} from '../../../functions/intake-function.ts'
import { type ExecutorFunction, executorFunction } from '../../../functions/executor-function.ts'
import type { DriverPorts } from '../../../functions/ports.ts'
import type { BlobStore } from '../../../lib/ports/blob-store.ts'
import type { ItemStore } from '../../../lib/ports/item-store.ts'
import type { ShardRange, StreamReader } from '../../../lib/ports/stream-reader.ts'
import type { Executors } from '../../../lib/ports/executors.ts'
import type { PlatformEvent } from '../../../lib/runtime/intake/event-reader.ts'
import type { Location } from '../../../lib/runtime/locations.ts'
import type { MemoryObjectStore } from '../../../lib/adapters/memory/memory-object-store.ts'
import type { StreamLocation } from '../../../lib/runtime/sources/kinesis/kind.ts'
import type { ObjectsLocation } from '../../../lib/runtime/sources/objects/event-messages.ts'
import type { Trigger } from '../../../lib/runtime/driver/triggers.ts'
import { APP, START_MS, World } from '../runtime/harness.ts'

export const STREAM_ARN = 'arn:aws:kinesis:eu-west-1:123456789012:stream/lines'
export const BUCKET = 'the-bucket'
export const TIMEOUT_MS = 60_000

/** What a source is bound to. */
export const toStream: StreamLocation = { kind: 'kinesis', streamArn: STREAM_ARN }
export const toBucket: ObjectsLocation = { kind: 'objects', bucket: BUCKET, prefix: '' }

/** Composes an executor. Default: of the driver's generation, and without a bucket for answers. */
export type OpenExecutor = (given?: {
  readonly generation?: number
  readonly answers?: BlobStore
}) => Promise<ExecutorFunction>

/** A store as the role of executors sees it. */
const readOnly = (store: ItemStore): ItemStore => {
  const refuse = (): Promise<never> => Promise.reject(new Error('an executor may not write'))
  return { ...store, put: refuse, putAll: refuse, deleteAll: refuse, compareAndSet: refuse }
}

/** Options of a {@link Deployed}. */
export interface DeployedOptions {
  readonly world?: World
  readonly generation?: number
  /** Makes executors. `open` composes one, as in a process of its own. */
  readonly executors?: (open: OpenExecutor) => Executors
  /** By the id of the source node. */
  readonly sources: Readonly<Record<string, Location>>
}

/** One deployment. Later ones in the same world are later revisions. */
export class Deployed {
  readonly world: World
  readonly lines: string[] = []
  readonly scheduled: Trigger[] = []
  /** Number of running calls of ports. */
  pending = 0
  /** Number of running calls, each time a function answered. */
  readonly leftBehind: number[] = []
  /** When the stream was created. */
  streamCreatedMs = 1
  /** How often the retention of the stream was asked for. It is a day. */
  retentionAsked = 0
  remainingMs: () => number = () => TIMEOUT_MS
  /** Reads the shards again. Default: they have forgotten all. */
  readShard: StreamReader['read'] = async () => []
  readonly #make: {
    readonly intake: () => Promise<IntakeFunction>
    readonly driver: () => Promise<DriverFunction>
  }
  #invocations = 0
  #intake: IntakeFunction | undefined
  #driver: DriverFunction | undefined

  constructor(
    pipeline: Pipeline,
    { world = new World(), generation = 1, sources, executors }: DeployedOptions,
  ) {
    this.world = world
    const environment: DriverEnvironment = {
      table: 'table',
      blocks: undefined,
      triggers: 'queue',
      sources: new Map(Object.entries(sources)),
      outputs: new Map(),
      generation,
      timeoutMs: TIMEOUT_MS,
      executors: [],
      parallelism: 1,
    }
    const open: OpenExecutor = ({ generation: own = generation, answers } = {}) =>
      executorFunction({
        pipeline,
        environment: { ...environment, generation: own },
        ports: { ...this.#ports(), store: readOnly(this.world.store), answers },
      })
    const ports = { ...this.#ports(), executors: executors?.(open) }
    const parts = { pipeline, environment, ports }
    this.#make = { intake: async () => intakeFunction(parts), driver: () => driverFunction(parts) }
  }

  /** Ends the processes of both functions, as a platform may do at any time. */
  freeze(): void {
    this.#intake = undefined
    this.#driver = undefined
  }

  /** Puts records into a shard, and delivers them to intake. */
  async put(first: number, ...records: readonly string[]): Promise<void> {
    await this.bring(
      records.map((record, index) => ({
        sequenceNumber: String(first + index),
        data: Buffer.from(record).toString('base64'),
      })),
    )
  }

  async bring(
    records: readonly { readonly sequenceNumber: string; readonly data: string }[],
    shardId = 'shardId-000000000000',
  ): Promise<void> {
    const Records = records.map((record) => ({
      eventID: `${shardId}:${record.sequenceNumber}`,
      eventSourceARN: STREAM_ARN,
      kinesis: {
        partitionKey: 'k',
        approximateArrivalTimestamp: this.world.nowMs / 1_000,
        ...record,
      },
    }))
    await this.invokeIntake({ Records })
  }

  /** The bucket to which sources are bound. */
  get bucket(): MemoryObjectStore {
    return this.world.versions
  }

  /** Writes an object into the bucket, without a notification. */
  write(key: string, text: string): string {
    return this.bucket.write(key, Buffer.from(text), this.world.nowMs)
  }

  /** Writes an object, and notifies intake. */
  async drop(key: string, text: string): Promise<void> {
    await this.tell(key, this.write(key, text))
  }

  async tell(key: string, versionId: string): Promise<void> {
    await this.deliver(this.notification(key, versionId))
  }

  /** The message with which the bucket announces an object. */
  notification(key: string, versionId?: string): string {
    const eventTime = new Date(this.world.nowMs).toISOString()
    const s3 = { bucket: { name: BUCKET }, object: { key: encodeURIComponent(key), versionId } }
    return JSON.stringify({ Records: [{ eventName: 'ObjectCreated:Put', eventTime, s3 }] })
  }

  /** Delivers messages of the queue of notifications to intake, as one event. */
  async deliver(...bodies: readonly string[]): Promise<IntakeResponse> {
    return this.invokeIntake({
      Records: bodies.map((body, index) => ({
        messageId: `message-${index}`,
        eventSource: 'aws:sqs',
        body,
      })),
    })
  }

  async invokeIntake(event: PlatformEvent): Promise<IntakeResponse> {
    const context = this.#context()
    const answer = await this.#answered(async () =>
      (this.#intake ??= await this.#make.intake())(event, context),
    )
    return answer as IntakeResponse
  }

  /** Calls the driver. With `scheduleMinute`: as the schedule does every minute. */
  async trigger(trigger: Omit<Trigger, 'app'> = {}): Promise<void> {
    const context = this.#context()
    const event = { Records: [{ body: JSON.stringify({ app: APP, ...trigger }) }] }
    await this.#answered(async () => (this.#driver ??= await this.#make.driver())(event, context))
  }

  /** Lets batch times pass. Default: one, after a second. */
  async pass(times = 1, ms = 1_000): Promise<void> {
    await this.trigger()
    for (let i = 0; i < times; i++) {
      this.world.advance(ms)
      await this.trigger()
    }
  }

  /** The entries of the log of one kind. */
  logged(event: string): readonly Record<string, unknown>[] {
    return this.lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((entry) => entry['event'] === event)
  }

  /** What `print` printed: the elements of each batch, without empty batches. */
  printed(): readonly (readonly [timeMs: number, elements: readonly string[]])[] {
    return this.logged('print').flatMap(({ text }) => {
      const [, time = '0', elements = ''] =
        /Time: (\d+) ms .*\n-+\n([^]*)$/.exec(String(text)) ?? []
      const found = elements.split('\n').filter((line) => line !== '')
      return found.length === 0 ? [] : [[Number(time) - START_MS, found] as const]
    })
  }

  #context(): Context {
    this.#invocations += 1
    return {
      awsRequestId: `request-${this.#invocations}`,
      getRemainingTimeInMillis: () => this.remainingMs(),
    }
  }

  async #answered<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } finally {
      this.leftBehind.push(this.pending)
    }
  }

  #ports(): DriverPorts {
    const { store, clock, randomness } = this.world
    return {
      store: this.#watched(store),
      // Whoever waits lets others go on.
      clock: { ...clock, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) },
      randomness,
      scheduleTriggers: this.#watched({
        scheduleTriggers: async (triggers: readonly Trigger[]) =>
          void this.scheduled.push(...triggers),
      }).scheduleTriggers,
      sources: {
        objects: { open: async () => this.#watched(this.bucket) },
        kinesis: {
          createdMs: this.#watched({ ask: async () => this.streamCreatedMs }).ask,
          retentionMs: async () => {
            this.retentionAsked += 1
            return 86_400_000
          },
          reader: async () =>
            this.#watched({
              read: (range: ShardRange) => this.readShard(range),
              parents: async () => [],
            }),
        },
      },
      sinks: { objects: async () => this.#watched(this.world.files) },
      write: (line) => void this.lines.push(line),
    }
  }

  /**
   * Calls take some turns of the event loop, and are counted while they run. A call that a test
   * replaces later is replaced in running processes too.
   */
  #watched<T extends object>(port: T): T {
    const slowly = async (call: () => unknown): Promise<unknown> => {
      this.pending += 1
      try {
        for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
        return await call()
      } finally {
        this.pending -= 1
      }
    }
    const isCall = (value: unknown): value is (...given: readonly unknown[]) => unknown =>
      typeof value === 'function'
    return Object.fromEntries(
      Object.entries(port).map(([name, value]) => [
        name,
        isCall(value) && name !== 'answeredMs'
          ? (...given: readonly unknown[]) =>
              slowly(() => Reflect.apply(port[name as keyof T] as typeof value, port, given))
          : value,
      ]),
    ) as T
  }
}
