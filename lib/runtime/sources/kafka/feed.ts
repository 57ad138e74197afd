/**
 * Reads a topic into lanes, in a process that stays: one lane for each partition.
 *
 * - It needs no consumer group. Lanes say where their partitions go on, so offsets and records are
 *   stored in one write. What a process that died, or another one, has stored already is dropped.
 * - Offsets may have holes: compaction, transactions that were aborted, their markers. A hole is no
 *   loss. Records that were deleted before they were read are: a dead letter says which.
 * - Whatever goes wrong with the brokers, it closes its connections, waits, and begins again from
 *   the lanes. So there is one way to go on, and it is the same as after a start.
 */
import type { MillraceError } from '../../../base/errors.ts'
import type { Clock } from '../../../ports/clock.ts'
import { type FetchedPartition, NO_LEADER, type TopicReader } from '../../../ports/topic-reader.ts'
import { feedAgain } from '../feed-again.ts'
import type { LaneFeed, LaneSink } from '../lane-feed.ts'
import {
  afterOutOfRange,
  isReplaced,
  type KnownTopic,
  type Progress,
  progressOf,
  replacedError,
} from './progress.ts'
import { kafkaDelivery, type KafkaTarget } from './records.ts'

/** What a feed needs. */
export interface KafkaFeedParts {
  readonly topic: string
  readonly target: KafkaTarget
  /** Connects. Errors: `PACKAGE_MISSING`; `TOPIC_UNREADABLE`, retryable. */
  readonly open: () => Promise<TopicReader>
  readonly clock: Clock
  /** Whether positions are written down under a consumer group. */
  readonly commits: boolean
  readonly failOnDataLoss: boolean
  /** The pause before it connects again. Default 2,000. */
  readonly retryDelayMs?: number
  /** How often it looks for new partitions. Default 10,000. */
  readonly describeMs?: number
}

/** How often it looks whether partitions that nobody serves are served again. */
const UNAVAILABLE_MS = 2_000
/** Spark's block interval is 200 ms. Small appends cost as much as large ones. */
const ROUND_MS = 150
/** A round with more is followed by the next one at once. */
const BYTES_PER_ROUND = 1024 * 1024
const COMMIT_MS = 1_000

/** Makes the feed of a topic. */
export const kafkaFeed = (parts: KafkaFeedParts): LaneFeed => ({
  run(sink, { signal, untilEnd }): Promise<void> {
    const { topic, clock, open, retryDelayMs } = parts
    const isForNow = ({ code }: MillraceError): boolean => code === 'TOPIC_UNREADABLE'
    const feed = { name: `topic ${topic}`, sink, clock, signal, retryDelayMs, isForNow }
    return feedAgain(feed, async (tell) => {
      const client = await open()
      try {
        const session = new Session(parts, client, sink)
        await session.begin(untilEnd)
        tell(`topic ${topic} connected`)
        await session.read(signal)
      } finally {
        await client.close()
      }
    })
  },
})

/** From one connection to the next. */
class Session {
  readonly #parts: KafkaFeedParts
  readonly #client: TopicReader
  readonly #sink: LaneSink
  readonly #progress = new Map<number, Progress>()
  /** Where the partitions ended when it began. Undefined: it does not end there. */
  #ends: ReadonlyMap<number, number> | undefined
  #known: KnownTopic | undefined
  #describedMs = 0
  #partitions = 0
  /** Those that nobody serves. */
  #unavailable: readonly number[] = []
  #hasFetched = false
  #committed = ''
  #committedMs = 0
  #warned = false

  constructor(parts: KafkaFeedParts, client: TopicReader, sink: LaneSink) {
    this.#parts = parts
    this.#client = client
    this.#sink = sink
  }

  async begin(untilEnd: boolean): Promise<void> {
    await this.#describe()
    if (untilEnd) this.#ends = await this.#client.offsets('end')
    // Where a partition is not known to begin, a run that is at its end would not see it.
    this.#tellUnavailable([])
  }

  async read(signal: AbortSignal): Promise<void> {
    const { clock, describeMs = 10_000 } = this.#parts
    while (!signal.aborted) {
      if (this.#isAtEnd()) break
      const startedMs = clock.now()
      const everyMs = this.#unavailable.length === 0 ? describeMs : UNAVAILABLE_MS
      if (startedMs - this.#describedMs >= everyMs) await this.#describe()
      const positions = new Map([...this.#progress].map(([number, { next }]) => [number, next]))
      const fetched = await this.#client.fetch(positions)
      await this.#store(fetched)
      this.#tellUnavailable(fetched)
      this.#hasFetched = true
      await this.#commit(COMMIT_MS)
      const bytes = fetched.reduce((total, one) => total + one.bytes, 0)
      const restMs = startedMs + ROUND_MS - clock.now()
      if (bytes < BYTES_PER_ROUND && restMs > 0 && !this.#isAtEnd())
        await clock.sleep(restMs, signal)
    }
    await this.#commit(0)
  }

  #isAtEnd(): boolean {
    const ends = this.#ends
    // A partition that seems to be read beyond its end has perhaps lost it. A fetch shows that.
    const isThere = (next: number, end: number): boolean =>
      this.#hasFetched ? next >= end : next === end
    return (
      ends !== undefined &&
      [...this.#progress.values()].every(({ name, next }) =>
        isThere(next, ends.get(name.partition) ?? 0),
      )
    )
  }

  /** Finds new partitions, and whether the topic is another one now. */
  async #describe(): Promise<void> {
    const { topic, target, failOnDataLoss } = this.#parts
    const { id, partitions } = await this.#client.describe()
    this.#describedMs = this.#parts.clock.now()
    this.#partitions = partitions
    if (this.#known?.id === id && partitions <= this.#progress.size) return
    const lanes = await this.#sink.lanes()
    const known = { topic, id }
    if (this.#known?.id !== id && isReplaced(known, lanes)) {
      if (failOnDataLoss) throw replacedError(known)
      this.#sink.report(
        `topic ${topic} is another one of this name: what was not read of the one before is lost`,
      )
    }
    if (this.#known?.id !== id) this.#progress.clear()
    this.#known = known
    const missing = Array.from({ length: partitions }, (_, number) => number).filter(
      (number) => !this.#progress.has(number),
    )
    const start = { client: this.#client, known, startMs: target.startMs }
    for (const found of await progressOf(missing, lanes, start))
      this.#progress.set(found.name.partition, found)
  }

  async #store(fetched: readonly FetchedPartition[]): Promise<void> {
    const { target, failOnDataLoss } = this.#parts
    const answers = await Promise.allSettled(
      fetched.map(async ({ partition, records, next, isOutOfRange, unavailable }) => {
        const progress = this.#progress.get(partition)
        if (progress === undefined || unavailable !== undefined) return
        if (isOutOfRange === true) {
          const more = { client: this.#client, sink: this.#sink, failOnDataLoss }
          const found = await afterOutOfRange(progress, { ...more, source: target.source })
          this.#progress.set(partition, found)
          return
        }
        const delivery = kafkaDelivery(target, { name: progress.name, records, next })
        // A hole alone is not stored: it costs a write, and is passed again quickly.
        if (delivery.records.length > 0 || (delivery.rejected ?? []).length > 0)
          await this.#sink.store(delivery)
        progress.next = Math.max(progress.next, next)
      }),
    )
    const failed = answers.find((answer) => answer.status === 'rejected')
    if (failed !== undefined) throw failed.reason as unknown
  }

  /** Tells which partitions wait, when they are others than before. */
  #tellUnavailable(fetched: readonly FetchedPartition[]): void {
    const { topic } = this.#parts
    const reasons = new Map(
      fetched.flatMap(({ partition, unavailable }) =>
        unavailable === undefined ? [] : [[partition, unavailable] as const],
      ),
    )
    // Where these begin is not known yet.
    for (let number = 0; number < this.#partitions; number++)
      if (!this.#progress.has(number)) reasons.set(number, NO_LEADER)
    const waiting = [...reasons.keys()].toSorted((a, b) => a - b)
    const before = this.#unavailable
    this.#unavailable = waiting
    if (waiting.join() === before.join()) return
    const name = `partition${waiting.length > 1 ? 's' : ''} ${waiting.join(', ')} of topic ${topic}`
    this.#sink.report(
      waiting.length === 0
        ? `all partitions of topic ${topic} are read again`
        : `${name} cannot be read now (${[...new Set(reasons.values())].join('; ')}): ` +
            'the others go on [TOPIC_UNREADABLE]',
    )
  }

  async #commit(everyMs: number): Promise<void> {
    const { clock, commits, topic } = this.#parts
    if (!commits || clock.now() - this.#committedMs < everyMs) return
    const positions = new Map([...this.#progress].map(([number, { next }]) => [number, next]))
    const text = JSON.stringify([...positions])
    if (text === this.#committed) return
    try {
      await this.#client.commit(positions)
      this.#committed = text
    } catch (error) {
      // Nothing but the lag that tools show depends on it.
      if (!this.#warned) this.#sink.report(`offsets of ${topic} are not written: ${String(error)}`)
      this.#warned = true
    }
    this.#committedMs = clock.now()
  }
}
