/** A topic in memory, with what a broker does to it. */
import { MillraceError } from '../../lib/base/errors.ts'
import {
  type FetchedPartition,
  NO_LEADER,
  type OffsetsAt,
  type Positions,
  type TopicReader,
  type TopicRecord,
} from '../../lib/ports/topic-reader.ts'

/** A record to put. */
export interface NewRecord {
  readonly key?: string
  readonly value: string | Uint8Array | null
  readonly headers?: readonly (readonly [string, string])[]
  readonly timestampMs?: number
}

/** What takes an offset: a record, or the marker of a transaction. */
interface Slot {
  readonly record: TopicRecord | undefined
  state: 'visible' | 'open' | 'hidden'
}

interface StoredPartition {
  first: number
  /** By offset. Undefined: compaction has taken it. */
  slots: (Slot | undefined)[]
}

const bytesOf = (text: string | Uint8Array): Uint8Array =>
  typeof text === 'string' ? new Uint8Array(Buffer.from(text)) : text

/** The most records that one fetch gives of a partition. */
const RECORDS_PER_FETCH = 7

/** A topic in the memory of a test. */
export class MemoryTopic {
  #id = 'topic-0'
  #partitions: StoredPartition[] = []
  /** What was written down, by partition. */
  committed = new Map<number, number>()
  /** The next calls that fail. */
  failures = 0
  /** Partitions that nobody serves. */
  readonly leaderless = new Set<number>()
  fetches = 0
  closed = 0

  constructor(partitions: number) {
    this.recreate(partitions)
  }

  recreate(partitions: number): void {
    this.#id = `topic-${Number(this.#id.slice(6)) + 1}`
    this.#partitions = Array.from({ length: partitions }, () => ({ first: 0, slots: [] }))
  }

  addPartition(): void {
    this.#partitions.push({ first: 0, slots: [] })
  }

  put(partition: number, records: readonly NewRecord[], state: Slot['state'] = 'visible'): void {
    const { slots } = this.#at(partition)
    for (const { key, value, headers = [], timestampMs = 1_000 } of records)
      slots.push({
        record: {
          offset: slots.length,
          timestampMs,
          key: key === undefined ? null : bytesOf(key),
          value: value === null ? null : bytesOf(value),
          headers: headers.map(([name, text]) => [name, bytesOf(text)] as const),
        },
        state,
      })
  }

  /** A transaction: `open` ends with no marker. */
  transact(
    partition: number,
    records: readonly NewRecord[],
    end: 'commit' | 'abort' | 'open',
  ): void {
    const states = { commit: 'visible', abort: 'hidden', open: 'open' } as const
    this.put(partition, records, states[end])
    if (end !== 'open') this.#at(partition).slots.push({ record: undefined, state: 'hidden' })
  }

  /** The next offset of a partition. */
  endOf(partition: number): number {
    return this.#at(partition).slots.length
  }

  /** Deletes the records before an offset, as a retention does. */
  deleteBefore(partition: number, offset: number): void {
    this.#at(partition).first = offset
  }

  /** Takes one record out, as compaction does. */
  compact(partition: number, offset: number): void {
    this.#at(partition).slots[offset] = undefined
  }

  /** Loses the records from an offset on, as an unclean election does. */
  truncate(partition: number, offset: number): void {
    this.#at(partition).slots.length = offset
  }

  open(isolation: 'read_committed' | 'read_uncommitted' = 'read_committed'): TopicReader {
    const answer = async <T>(give: () => T): Promise<T> => {
      if (this.failures > 0) {
        this.failures -= 1
        throw new MillraceError('TOPIC_UNREADABLE', { problem: 'It is down', retryable: true })
      }
      return give()
    }
    return {
      describe: () => answer(() => ({ id: this.#id, partitions: this.#partitions.length })),
      offsets: (at) => answer(() => this.#offsets(at, isolation)),
      fetch: (positions) => {
        this.fetches += 1
        return answer(() =>
          [...positions].flatMap(([partition, from]) => this.#read(partition, from, isolation)),
        )
      },
      commit: (positions) => answer(() => void (this.committed = new Map(positions))),
      close: async () => void (this.closed += 1),
    }
  }

  #at(partition: number): StoredPartition {
    return this.#partitions[partition] as StoredPartition
  }

  /** Rejects when nobody serves any. */
  #isServed(partition: number): boolean {
    if (this.leaderless.size < this.#partitions.length) return !this.leaderless.has(partition)
    throw new MillraceError('TOPIC_UNREADABLE', { problem: 'There is nobody', retryable: true })
  }

  #endOf({ slots }: StoredPartition, isolation: string): number {
    const open = slots.findIndex((slot) => slot?.state === 'open')
    return isolation === 'read_committed' && open >= 0 ? open : slots.length
  }

  #offsets(at: OffsetsAt, isolation: string): Positions {
    const served = [...this.#partitions.entries()].filter(([number]) => this.#isServed(number))
    return new Map(
      served.map(([number, stored]) => {
        if (at === 'first') return [number, stored.first]
        const end = this.#endOf(stored, isolation)
        if (at === 'end') return [number, end]
        const found = stored.slots.findIndex(
          (slot, offset) =>
            offset >= stored.first && (slot?.record?.timestampMs ?? -1) >= at.timeMs,
        )
        return [number, found < 0 ? end : found]
      }),
    )
  }

  #read(partition: number, from: number, isolation: string): readonly FetchedPartition[] {
    const stored = this.#partitions[partition]
    if (stored === undefined) return []
    const none = { partition, records: [], next: from, bytes: 0 }
    if (!this.#isServed(partition)) return [{ ...none, unavailable: NO_LEADER }]
    if (from < stored.first || from > stored.slots.length) return [{ ...none, isOutOfRange: true }]
    const end = this.#endOf(stored, isolation)
    if (from >= end) return []
    const records: TopicRecord[] = []
    let next = from
    for (; next < end && records.length < RECORDS_PER_FETCH; next++) {
      const slot = stored.slots[next]
      if (slot?.record === undefined) continue
      if (isolation === 'read_committed' && slot.state !== 'visible') continue
      records.push(slot.record)
    }
    return [{ partition, records, next, bytes: records.length }]
  }
}
