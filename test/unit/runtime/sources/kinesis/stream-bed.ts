/**
 * An application that reads a stream, over memory: feed, intake and driver, composed as on a
 * laptop. A process can die at any call of the store. The next one continues.
 */
import '../../../../../lib/runtime/sources/kinesis/local.ts'
import { type KinesisTextStreamOptions, type Pipeline, seconds, stream } from 'millrace'
import { memoryItemStore } from '../../../../../lib/adapters/memory/memory-item-store.ts'
import type { ItemStore } from '../../../../../lib/ports/item-store.ts'
import { compose } from '../../../../../lib/runtime/compose.ts'
import type { RuntimeEvent } from '../../../../../lib/runtime/events.ts'
import { type LocalEnd, runLocal } from '../../../../../lib/runtime/local/run-local.ts'
import type { StreamLocation } from '../../../../../lib/runtime/sources/kinesis/kind.ts'
import { readLanes } from '../../../../../lib/state/lanes.ts'
import { MemoryStream, type Mischief } from '../../../../contract/memory-stream.ts'
import { type Death, runUntilDeath } from '../dying-store.ts'

const SOURCE = 'kinesisTextStream-1'
/** What a bed is made of. */
export interface StreamBedOptions extends KinesisTextStreamOptions {
  readonly start?: StreamLocation['start']
  readonly mischief?: Mischief
}

/** One application and its stream. */
export class StreamBed {
  readonly stream: MemoryStream
  readonly store: ItemStore = memoryItemStore()
  /** What each batch had in its last attempt, by its time. */
  readonly batches = new Map<number, readonly string[]>()
  readonly events: RuntimeEvent[] = []
  /** Calls of the store by the process that runs now. */
  calls = 0
  nowMs = 1_700_000_000_000
  #attempts = 0
  readonly #pipeline: Pipeline
  readonly #location: StreamLocation

  constructor(shards: number, { start, mischief, ...options }: StreamBedOptions = {}) {
    this.stream = new MemoryStream(shards, () => this.nowMs, mischief)
    this.#location = {
      kind: 'kinesis',
      stream: 'clicks',
      ...(start === undefined ? {} : { start }),
    }
    this.#pipeline = stream('clicks', { batchInterval: seconds(1) }, (ssc) => {
      ssc.kinesisTextStream('clicks', options).foreachRDD(async (rdd, time) => {
        this.batches.set(time.milliseconds, await rdd.collect())
      })
    })
  }

  /** All that batches have taken, in their order. */
  get taken(): readonly string[] {
    return [...this.batches].toSorted(([a], [b]) => a - b).flatMap(([, records]) => records)
  }

  get said(): readonly string[] {
    return this.events.flatMap((one) => (one.event === 'receiver' ? [one.message] : []))
  }

  get deadLetters(): readonly string[] {
    return this.events.flatMap((one) => (one.event === 'deadLetter' ? [one.code] : []))
  }

  /** The names of the lanes without the stream. */
  async lanes(): Promise<readonly string[]> {
    const lanes = await readLanes(this.store, 'clicks', SOURCE)
    return lanes.map(({ lane }) => lane.slice(lane.lastIndexOf('/') + 1))
  }

  /** Runs a process to the end of the stream. `deathAt`: it dies at this call of the store. */
  async run(death: Death = {}): Promise<LocalEnd | 'dead'> {
    const { end, calls } = await runUntilDeath(this.store, death, (store) => this.#runOn(store))
    this.calls = calls
    return end
  }

  async #runOn(store: ItemStore): Promise<LocalEnd> {
    const plan = this.#pipeline.build()
    const sleep = async (durationMs: number): Promise<void> => {
      this.nowMs += durationMs
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { runner, receivers } = await compose({
      plan,
      generation: 1,
      ports: {
        store,
        clock: { now: () => this.nowMs, sleep },
        randomness: { attemptId: () => `attempt${++this.#attempts}` },
        sources: { kinesisShards: async () => this.stream.reader() },
        sinks: {},
      },
      locations: new Map([[SOURCE, this.#location]]),
      locateOutput: () => ({ kind: 'print', path: '' }),
      listen: (event) => void this.events.push(event),
      leaseMs: 0,
    })
    const { signal } = new AbortController()
    return runLocal({ runner, receivers, once: true, signal })
  }
}
