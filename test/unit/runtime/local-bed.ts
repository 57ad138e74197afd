import type { Pipeline } from 'millrace'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import type { ItemStore } from '../../../lib/ports/item-store.ts'
import type { ObjectSource } from '../../../lib/ports/object-source.ts'
import type { Delivery, Receiver, ReceiverSink } from '../../../lib/ports/receiver.ts'
import type { RuntimeEvent } from '../../../lib/runtime/events.ts'
import { type LocalEnd, runLocal } from '../../../lib/runtime/local/run-local.ts'
import type { Runner } from '../../../lib/runtime/runner.ts'
import '../../../lib/runtime/sources/all.ts'
import { wholeReader, type WholeInput } from '../../../lib/runtime/sources/redriven.ts'
import type { SourcePlace } from '../../../lib/runtime/sources/source-kind.ts'
import type { SourceReader } from '../../../lib/runtime/sources/source-reader.ts'
import { lanesReader } from '../../../lib/runtime/sources/lanes/reader.ts'
import { filesReader } from '../../../lib/runtime/sources/files/reader.ts'
import { type Head, HeadStore } from '../../../lib/state/head.ts'
import { ManualClock } from './manual-clock.ts'

/** The start of every test, on the grid of whole seconds. */
export const START_MS = 1_700_000_000_000

/**
 * Options of a bed. Sources of the pipeline read the objects. Without objects, they read what
 * `deliver` delivers.
 */
export interface BedParts {
  readonly pipeline: Pipeline
  readonly objects?: ObjectSource
  readonly store?: ItemStore
  readonly clock?: ManualClock
  readonly generation?: number
  /** Default: 'all'. */
  readonly existing?: 'ignore' | 'all'
  readonly filter?: (key: string) => boolean
}

/** One run on memory adapters and a manual clock. */
export class LocalBed {
  readonly clock: ManualClock
  readonly store: ItemStore
  readonly events: RuntimeEvent[] = []
  readonly stop = new AbortController()
  readonly #parts: BedParts
  #sink: ReceiverSink | undefined
  #endReceiver = (): void => undefined
  #failReceiver = (_error: unknown): void => undefined
  #attempts = 0

  constructor(parts: BedParts) {
    this.#parts = parts
    this.clock = parts.clock ?? new ManualClock(START_MS + 1)
    this.store = parts.store ?? memoryItemStore()
  }

  run({
    once = false,
    untilIdle = true,
  }: { readonly once?: boolean; readonly untilIdle?: boolean } = {}): Promise<LocalEnd> {
    const { pipeline, generation = 1 } = this.#parts
    const plan = pipeline.build()
    const source = plan.sources[0]?.id as string
    const { store, clock } = this
    const runner: Runner = {
      plan,
      app: plan.name,
      generation,
      store,
      heads: new HeadStore(store, plan.name),
      clock,
      randomness: { attemptId: () => `attempt${generation}x${++this.#attempts}` },
      sources: new Map([[source, this.#source({ store, app: plan.name, source })]]),
      outputs: {
        write: async () => undefined,
        openParts: async () => undefined,
        encode: () => undefined,
        publish: async () => undefined,
        close: async () => undefined,
      },
      listen: (event: RuntimeEvent) => void this.events.push(event),
      leaseMs: 0,
    }
    const receivers =
      this.#parts.objects === undefined ? [{ source, receiver: this.#receiver() }] : []
    return runLocal({ runner, receivers, once, untilIdle, signal: this.stop.signal })
  }

  /** Delivers records as a receiver does. */
  async deliver(records: readonly string[], rejected: Delivery['rejected'] = []): Promise<void> {
    try {
      await this.#sink?.store({ records, rejected })
    } catch (error) {
      // Like a receiver, it rejects when the sink rejects.
      this.#failReceiver(error)
    }
  }

  /** Ends the receiver. */
  endReceiver(): void {
    this.#endReceiver()
  }

  async head(): Promise<Head> {
    return (await new HeadStore(this.store, this.#parts.pipeline.name).read()) as Head
  }

  eventsOf<E extends RuntimeEvent['event']>(event: E): Extract<RuntimeEvent, { event: E }>[] {
    return this.events.filter(
      (one): one is Extract<RuntimeEvent, { event: E }> => one.event === event,
    )
  }

  #source(place: SourcePlace): SourceReader<WholeInput> {
    const { objects } = this.#parts
    if (objects === undefined) return wholeReader(place, lanesReader(place))
    const { existing = 'all', filter } = this.#parts
    const remembered = { existing, rememberMs: 60_000, ignoredMs: 60_000 }
    const selection = { ...remembered, ...(filter === undefined ? {} : { filter }) }
    const report = (event: RuntimeEvent): void => void this.events.push(event)
    return wholeReader(place, filesReader({ ...place, objects, selection, report }))
  }

  #receiver(): Receiver {
    return {
      description: 'test',
      run: (sink, { signal, untilEnd }) =>
        new Promise((resolve, reject) => {
          this.#failReceiver = reject
          this.#sink = sink
          signal.addEventListener('abort', () => resolve(), { once: true })
          if (untilEnd) this.#endReceiver = resolve
        }),
    }
  }
}
