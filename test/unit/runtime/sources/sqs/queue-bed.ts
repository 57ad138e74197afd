/**
 * An application that reads an SQS queue, over memory: intake and a driver, composed as everywhere.
 * A process can be made to die at any call of the store. The next process continues.
 */
import { seconds, stream, type Pipeline, type StreamOptions } from 'millrace'
import { memoryItemStore } from '../../../../../lib/adapters/memory/memory-item-store.ts'
import type { ItemStore } from '../../../../../lib/ports/item-store.ts'
import { compose, type WorldPorts } from '../../../../../lib/runtime/compose.ts'
import { eventRoutes } from '../../../../../lib/runtime/intake/event-routes.ts'
import { Driver } from '../../../../../lib/runtime/driver/driver.ts'
import type { Outcome } from '../../../../../lib/runtime/driver/outcome.ts'
import type { RuntimeEvent } from '../../../../../lib/runtime/events.ts'
import { readEvent } from '../../../../../lib/runtime/intake/event-reader.ts'
import { intakeHandler } from '../../../../../lib/runtime/intake/intake-handler.ts'
import { redrive, type Redriven } from '../../../../../lib/runtime/dead-letters/redrive.ts'
import { resume } from '../../../../../lib/runtime/operations/resume.ts'
import { skip, type SkippedBatch } from '../../../../../lib/runtime/operations/skip.ts'
import { readDeadLetters } from '../../../../../lib/state/dead-letter-reader.ts'
import type { HeldLimits } from '../../../../../lib/runtime/sources/held-limits.ts'
import type { SqsLocation } from '../../../../../lib/runtime/sources/sqs/event.ts'

export const START_MS = 1_700_000_000_000
export const QUEUE_ARN = 'arn:aws:sqs:eu-west-1:123456789012:orders'
export const SOURCE = 'sqsTextStream-1'
const APP = 'orders'

/** One call of the store. */
export interface StoreCall {
  readonly call: keyof ItemStore
  readonly partition: string
}

/** At which call of the store a process dies, and whether that call still happens. */
export interface Death {
  readonly at: (call: StoreCall, number: number) => boolean
  readonly applied: boolean
}

const CALLS = ['get', 'query', 'compareAndSet', 'put', 'putAll', 'deleteAll'] as const

const partitionOf = (given: unknown): string => {
  const first: unknown = Array.isArray(given) ? given[0] : given
  if (typeof first === 'string') return first
  const isKey = typeof first === 'object' && first !== null && 'partition' in first
  return isKey ? String(first.partition) : ''
}

/** The call of the store at which a process freezes until it is thawed. */
export class Freeze {
  readonly at: Death['at']
  readonly #reached = Promise.withResolvers<void>()
  readonly #thawed = Promise.withResolvers<void>()

  constructor(at: Death['at']) {
    this.at = at
  }

  /** When the process freezes. */
  get reached(): Promise<void> {
    return this.#reached.promise
  }

  async wait(): Promise<void> {
    this.#reached.resolve()
    await this.#thawed.promise
  }

  thaw(): void {
    this.#thawed.resolve()
  }
}

/** The store as one process sees it. */
const storeOf = (
  store: ItemStore,
  calls: StoreCall[],
  trouble: Death | Freeze | undefined,
): ItemStore => {
  let isDead = false
  const guarded =
    (call: (typeof CALLS)[number]) =>
    async (...given: readonly unknown[]): Promise<unknown> => {
      const one = { call, partition: partitionOf(given[0]) }
      const strikes = !isDead && trouble?.at(one, calls.length + 1) === true
      const death = strikes && !(trouble instanceof Freeze) ? trouble : undefined
      if (isDead || death?.applied === false) {
        isDead = true
        throw new Error('the process is dead')
      }
      calls.push(one)
      if (strikes && trouble instanceof Freeze) await trouble.wait()
      const answer: unknown = await Reflect.apply(store[call], store, given)
      if (death === undefined) return answer
      isDead = true
      throw new Error('the process is dead')
    }
  return { ...store, ...Object.fromEntries(CALLS.map((call) => [call, guarded(call)])) }
}

/** What the application does with the bodies of a batch, and its options. */
export interface QueueBedOptions extends Partial<StreamOptions> {
  /** How much of a batch is read at once. Default: as everywhere. */
  readonly held?: HeldLimits
  /** Called with each body. Default: nothing. */
  readonly check?: (body: string) => void
  /** Called before a batch is done. Default: nothing. */
  readonly finish?: () => void
}

/** Each block is read when its turn comes. */
export const LAZY: HeldLimits = { batchBytes: 0, partBytes: 1 }

/** One application. */
export class QueueBed {
  readonly store: ItemStore = memoryItemStore()
  /** The bodies of each batch, in its last attempt. */
  readonly batches = new Map<number, readonly string[]>()
  /** Batch times at which two attempts had different bodies (B3). */
  readonly unequalAttempts: number[] = []
  readonly events: RuntimeEvent[] = []
  /** The calls of the store of the process that runs now. */
  calls: StoreCall[] = []
  nowMs: number = START_MS
  readonly #pipeline: Pipeline
  readonly #held: HeldLimits | undefined
  #driver: Driver | undefined
  #attempts = 0

  constructor({ check, finish, held, ...options }: QueueBedOptions = {}) {
    this.#held = held
    this.#pipeline = stream(APP, { batchInterval: seconds(1), ...options }, (ssc) => {
      ssc
        .sqsTextStream('orders')
        .map((body) => {
          check?.(body)
          return body
        })
        .foreachRDD(async (rdd, time) => {
          this.#note(time.milliseconds - START_MS, await rdd.collect())
          finish?.()
        })
    })
  }

  /** The bodies of all batches, in order. */
  get taken(): readonly string[] {
    return [...this.batches].toSorted(([a], [b]) => a - b).flatMap(([, bodies]) => bodies)
  }

  /** Delivers an event with messages. The body of each message is its id. */
  async deliver(...ids: readonly string[]): Promise<void> {
    const plan = this.#pipeline.build()
    const locations = new Map([[SOURCE, { kind: 'sqs', queueArn: QUEUE_ARN }]])
    const ports = this.#ports(this.store)
    const routes = eventRoutes(plan, locations, ports.sources)
    const intake = intakeHandler({ plan, ...ports, scheduleTriggers: async () => undefined })
    const event = { Records: ids.map((id) => messageOf(id)) }
    await intake((await readEvent(event, routes)).appends)
  }

  /** Runs due batches a second later, in the current process. */
  async run(): Promise<Outcome> {
    this.#driver ??= await this.#start()
    this.nowMs += 1_000
    return this.#driver.run()
  }

  /** Starts another process, without the memory of the one before. */
  async restart(trouble?: Death | Freeze): Promise<void> {
    this.#driver = await this.#start(trouble)
  }

  /** Skips the logged batch, by a command that may die. */
  async skip(death?: Death): Promise<SkippedBatch> {
    return skip({ ...this.#ports(storeOf(this.store, [], death)), app: APP, leaseMs: 0 })
  }

  /** Removes the block of the first event from the store. */
  async loseFirstBlock(): Promise<void> {
    const chunks = await this.store.query(`${APP}#seg#${SOURCE}/@messages#0#0`)
    await this.store.deleteAll(chunks.slice(0, 1))
  }

  async resume(): Promise<void> {
    await resume({ ...this.#ports(this.store), app: APP })
  }

  async redrive(): Promise<Redriven> {
    const range = { fromMs: START_MS, toMs: this.nowMs }
    return redrive({ ...this.#ports(this.store), app: APP }, range)
  }

  #note(timeMs: number, bodies: readonly string[]): void {
    const before = this.batches.get(timeMs)
    if (before !== undefined && before.join() !== bodies.join()) this.unequalAttempts.push(timeMs)
    this.batches.set(timeMs, bodies)
  }

  /** The dead letters. */
  async deadLetters(): Promise<readonly object[]> {
    const found: object[] = []
    const range = { fromMs: START_MS, toMs: this.nowMs, first: 'oldest' } as const
    for await (const { position, data, form } of readDeadLetters(this.store, APP, range))
      found.push({ position, text: Buffer.from(data).toString('utf8'), form })
    return found
  }

  async #start(trouble?: Death | Freeze): Promise<Driver> {
    this.calls = []
    const { runner } = await compose({
      plan: this.#pipeline.build(),
      generation: 1,
      ports: this.#ports(storeOf(this.store, this.calls, trouble)),
      locations: new Map<string, SqsLocation>([[SOURCE, { kind: 'sqs', queueArn: QUEUE_ARN }]]),
      locateOutput: () => ({ kind: 'print', path: '' }),
      listen: (event) => void this.events.push(event),
      leaseMs: 0,
      ...(this.#held === undefined ? {} : { held: this.#held }),
    })
    return new Driver(runner)
  }

  #ports(store: ItemStore): WorldPorts {
    return {
      store,
      clock: { now: () => this.nowMs, sleep: async () => undefined },
      randomness: { attemptId: () => `attempt${++this.#attempts}` },
      sources: {},
      sinks: {},
    }
  }
}

/** A message as Lambda delivers it. */
export const messageOf = (id: string, queueArn = QUEUE_ARN): object => ({
  messageId: id,
  receiptHandle: 'handle',
  body: id,
  attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(START_MS) },
  messageAttributes: {},
  eventSource: 'aws:sqs',
  eventSourceARN: queueArn,
  awsRegion: 'eu-west-1',
})

/** Whether a call is one of the ledger of messages. */
export const isLedger = ({ partition }: StoreCall): boolean => partition.endsWith('/messages')
