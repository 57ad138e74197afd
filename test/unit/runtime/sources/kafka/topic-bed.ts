/**
 * An application that reads a topic, over memory: feed, intake and driver, composed as on a laptop.
 * A process can die at any call of the store. The next one continues.
 */
import { seconds, stream, type Pipeline } from 'millrace'
import { type KafkaOptions, kafkaRecords } from 'millrace/kafka'
import { memoryItemStore } from '../../../../../lib/adapters/memory/memory-item-store.ts'
import type { ItemStore } from '../../../../../lib/ports/item-store.ts'
import type { TopicReader } from '../../../../../lib/ports/topic-reader.ts'
import { compose } from '../../../../../lib/runtime/compose.ts'
import type { RuntimeEvent } from '../../../../../lib/runtime/events.ts'
import { type LocalEnd, runLocal } from '../../../../../lib/runtime/local/run-local.ts'
import { readLanes } from '../../../../../lib/state/lanes.ts'
import { MemoryTopic } from '../../../../contract/memory-topic.ts'
import { type Death, runUntilDeath } from '../dying-store.ts'

const SOURCE = 'kafkaRecords-1'
type Isolation = NonNullable<KafkaOptions['isolation']>

/** Records as `partition:offset=value`. */
type Taken = string

/** One application and its topic. */
export class TopicBed {
  readonly topic: MemoryTopic
  readonly store: ItemStore = memoryItemStore()
  /** What each batch had in its last attempt, by its time. */
  readonly batches = new Map<number, readonly Taken[]>()
  readonly events: RuntimeEvent[] = []
  /** Calls of the store by the process that runs now. */
  calls = 0
  #nowMs = 1_700_000_000_000
  #attempts = 0
  readonly #pipeline: Pipeline
  readonly #open: (isolation: Isolation) => TopicReader

  /** `open`: reads another topic than the one in memory. */
  constructor(
    partitions: number,
    options: KafkaOptions = {},
    open?: (isolation: Isolation) => TopicReader,
  ) {
    this.topic = new MemoryTopic(partitions)
    this.#open = open ?? ((isolation) => this.topic.open(isolation))
    this.#pipeline = stream('orders', { batchInterval: seconds(1) }, (ssc) => {
      ssc.streamFrom(kafkaRecords('orders', options)).foreachRDD(async (rdd, time) => {
        const records = await rdd.collect()
        this.batches.set(
          time.milliseconds,
          records.map(
            ({ partition, offset, value }) =>
              `${partition}:${offset}=${value === null ? '-' : Buffer.from(value).toString()}`,
          ),
        )
      })
    })
  }

  /** All that batches have taken, in their order. */
  get taken(): readonly Taken[] {
    return [...this.batches].toSorted(([a], [b]) => a - b).flatMap(([, records]) => records)
  }

  get said(): readonly string[] {
    return this.events.flatMap((one) => (one.event === 'receiver' ? [one.message] : []))
  }

  get deadLetters(): readonly string[] {
    return this.events.flatMap((one) =>
      one.event === 'deadLetter' ? [`${one.code} ${one.position.split('/')[1]}`] : [],
    )
  }

  async tails(): Promise<Readonly<Record<string, string>>> {
    const lanes = await readLanes(this.store, 'orders', SOURCE)
    return Object.fromEntries(lanes.map(({ lane, tail }) => [lane, tail]))
  }

  /** Runs a process to the end of the topic. `deathAt`: it dies at this call of the store. */
  async run(death: Death = {}): Promise<LocalEnd | 'dead'> {
    const { end, calls } = await runUntilDeath(this.store, death, (store) => this.#runOn(store))
    this.calls = calls
    return end
  }

  async #runOn(store: ItemStore): Promise<LocalEnd> {
    const plan = this.#pipeline.build()
    const sleep = async (durationMs: number): Promise<void> => {
      this.#nowMs += durationMs
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { runner, receivers } = await compose({
      plan,
      generation: 1,
      ports: {
        store,
        clock: { now: () => this.#nowMs, sleep },
        randomness: { attemptId: () => `attempt${++this.#attempts}` },
        sources: { kafka: async ({ isolation }) => this.#open(isolation) },
        sinks: {},
      },
      locations: new Map([[SOURCE, { kind: 'kafka', brokers: 'localhost:9092' }]]),
      locateOutput: () => ({ kind: 'print', path: '' }),
      listen: (event) => void this.events.push(event),
      leaseMs: 0,
    })
    const { signal } = new AbortController()
    return runLocal({ runner, receivers, once: true, signal })
  }
}
