/**
 * A deployed application over memory: processes that feed its sources, and a driver elsewhere that
 * reads only lanes. A process can die at any call of the store.
 */
import { type Pipeline, seconds, stream, type StreamingContext } from 'millrace'
import { memoryItemStore } from '../../../../lib/adapters/memory/memory-item-store.ts'
import type { ItemStore } from '../../../../lib/ports/item-store.ts'
import type { Receiver } from '../../../../lib/ports/receiver.ts'
import { compose } from '../../../../lib/runtime/compose.ts'
import type { Trigger } from '../../../../lib/runtime/driver/triggers.ts'
import type { RuntimeEvent } from '../../../../lib/runtime/events.ts'
import { runLocal } from '../../../../lib/runtime/local/run-local.ts'
import type { Location } from '../../../../lib/runtime/locations.ts'
import { openReceived } from '../../../../lib/runtime/receive/open-received.ts'
import { receive } from '../../../../lib/runtime/receive/receive.ts'
import type { SourcePorts } from '../../../../lib/runtime/sources/source-ports.ts'

const CALLS = ['get', 'query', 'compareAndSet', 'put', 'putAll', 'deleteAll'] as const

/** How a process feeds. */
export interface Process {
  /** It dies at this call of the store, before or after the call is applied. */
  readonly deathAt?: number
  readonly applied?: boolean
  readonly name?: string
  readonly signal?: AbortSignal
  readonly untilEnd?: boolean
  readonly pipeline?: Pipeline
  /** Runs before each call of the store. */
  readonly beforeCall?: () => Promise<void>
}

/** What the application reads, if nothing else is said. */
export const SOCKET: Location = { kind: 'socket' }

/** One deployed application. */
export class ReceiveBed {
  readonly store: ItemStore = memoryItemStore()
  readonly events: RuntimeEvent[] = []
  readonly triggers: Trigger[] = []
  /** Calls fail, if it is set. */
  triggerError: Error | undefined
  /** Calls of the store by the process that has fed last. */
  calls = 0
  readonly #batches = new Map<number, readonly unknown[]>()
  readonly #pipeline: Pipeline
  readonly #sources: SourcePorts
  readonly #location: Location
  nowMs = 1_700_000_000_000
  #attempts = 0

  constructor(
    sources: SourcePorts,
    location: Location = SOCKET,
    build: (ssc: StreamingContext) => ReturnType<StreamingContext['socketTextStream']> = (ssc) =>
      ssc.socketTextStream('localhost', 9_999),
  ) {
    this.#sources = sources
    this.#location = location
    this.#pipeline = stream('app', { batchInterval: seconds(1) }, (ssc) => {
      build(ssc)
        .named('lines')
        .foreachRDD(async (rdd, time) => {
          this.#batches.set(time.milliseconds, await rdd.collect())
        })
    })
  }

  /** All that batches have taken, in their order. */
  get taken(): readonly unknown[] {
    return [...this.#batches].toSorted(([a], [b]) => a - b).flatMap(([, records]) => records)
  }

  readonly #clock = {
    now: (): number => this.nowMs,
    sleep: async (durationMs: number): Promise<void> => {
      this.nowMs += durationMs
      await new Promise((resolve) => setImmediate(resolve))
    },
  }

  readonly #randomness = { attemptId: (): string => `attempt${++this.#attempts}` }

  /** The driver of the deployment takes all there is. `plan`: of this pipeline. */
  async drive(pipeline: Pipeline = this.#pipeline, generation = 1): Promise<void> {
    const plan = pipeline.build()
    const { store } = this
    const { runner } = await compose({
      plan,
      generation,
      ports: {
        store,
        clock: this.#clock,
        randomness: this.#randomness,
        sources: {},
        sinks: {},
      },
      locations: new Map(plan.sources.map(({ id }) => [id, { kind: 'fed' }])),
      locateOutput: () => ({ kind: 'print', path: '' }),
      listen: () => undefined,
      leaseMs: 0,
    })
    await runLocal({ runner, receivers: [], once: true, signal: new AbortController().signal })
  }

  /** A process of `millrace receive`. By default it ends with its source. */
  async feed(process: Process = {}): Promise<'ended' | 'dead'> {
    this.calls = 0
    const guard = { isDead: false }
    const store = this.#guarded(process, guard)
    const plan = (process.pipeline ?? this.#pipeline).build()
    const ports = {
      store,
      clock: this.#clock,
      randomness: this.#randomness,
      sources: this.#sources,
    }
    const locations = new Map(plan.sources.map(({ id }) => [id, this.#location]))
    const listen = (event: RuntimeEvent): void => void this.events.push(event)
    try {
      const sources = await openReceived({
        plan,
        app: 'app',
        locations,
        ports,
        listen,
        name: process.name,
      })
      await receive({
        plan,
        app: 'app',
        ...ports,
        sources,
        name: process.name,
        scheduleTriggers: async (triggers) => {
          if (this.triggerError !== undefined) throw this.triggerError
          this.triggers.push(...triggers)
        },
        listen,
        signal: process.signal ?? new AbortController().signal,
        untilEnd: process.untilEnd ?? true,
      })
      return 'ended'
    } catch (error) {
      if (guard.isDead) return 'dead'
      throw error
    }
  }

  #guarded(
    { deathAt = Infinity, applied = false, beforeCall }: Process,
    guard: { isDead: boolean },
  ) {
    const guarded =
      (call: (typeof CALLS)[number]) =>
      async (...given: readonly unknown[]): Promise<unknown> => {
        await beforeCall?.()
        this.calls += 1
        const dies = this.calls >= deathAt
        if (guard.isDead || (dies && !applied)) {
          guard.isDead = true
          throw new Error('the process is dead')
        }
        const answer: unknown = await Reflect.apply(this.store[call], this.store, given)
        guard.isDead ||= dies
        if (guard.isDead) throw new Error('the process is dead')
        return answer
      }
    return {
      ...this.store,
      ...Object.fromEntries(CALLS.map((call) => [call, guarded(call)])),
    } as ItemStore
  }
}

/** A receiver of lines that can be read again: its mark is in the lane. */
export const lineReceiver = (lines: readonly string[], perDelivery = 3): Receiver => ({
  description: 'lines',
  async run(sink, { signal, untilEnd }) {
    for (let at = Number(sink.feeder ?? 0); !signal.aborted;) {
      const records = lines.slice(at, at + perDelivery)
      if (records.length === 0 && untilEnd) return
      at += records.length
      if (records.length > 0) await sink.store({ records, rejected: [], feeder: String(at) })
      else await new Promise((resolve) => setImmediate(resolve))
    }
  },
})
