/** Why most partitions that nobody serves are not served. */
export const NO_LEADER = 'no leader'

/** A record of a topic. */
export interface TopicRecord {
  readonly offset: number
  /** Epoch milliseconds. -1: it has none. */
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly (readonly [name: string, value: Uint8Array | null])[]
}

/** What one fetch has brought of a partition. */
export interface FetchedPartition {
  readonly partition: number
  /** In the order of their offsets. */
  readonly records: readonly TopicRecord[]
  /** Where to go on. It may be far after the last record: compaction and transactions take some. */
  readonly next: number
  /** Size of the records in bytes, about. */
  readonly bytes: number
  /** Whether the partition has no such offset (any more): it begins later, or ends earlier. */
  readonly isOutOfRange?: boolean
  /** Why nobody serves the partition now. Nothing was read of it. */
  readonly unavailable?: string
}

/** Which topic it is, and how many partitions it has. */
export interface TopicDescription {
  /** A topic that is deleted and created again has another id. */
  readonly id: string
  readonly partitions: number
}

/** The first or the end offset of each partition, or the first one from a time on. */
export type OffsetsAt = 'first' | 'end' | { readonly timeMs: number }

/** How far each partition has been read: its next offset. */
export type Positions = ReadonlyMap<number, number>

/**
 * A topic of Kafka, as a consumer without a group reads it.
 *
 * What an implementation promises: `fetch` gives records from the positions on, in order and none
 * left out, except those that compaction has taken, and with `read_committed` those of transactions
 * that are open or were aborted. It waits for a moment when there is nothing, and then gives none.
 * `offsets('end')` is the end of what `fetch` would give now. `commit` writes positions down under
 * a consumer group, for tools that show the lag; it changes nothing else. A partition that nobody
 * serves now, because it has no leader or its broker does not answer, stops no other: `offsets`
 * leaves it out, and `fetch` says why. When nobody serves any partition, both reject.
 *
 * Errors: `TOPIC_UNREADABLE`, retryable. After any error, the caller closes it and opens another.
 */
export interface TopicReader {
  describe(): Promise<TopicDescription>
  /** Of partitions without an offset from that time on, it gives the end. */
  offsets(at: OffsetsAt): Promise<Positions>
  fetch(positions: Positions): Promise<readonly FetchedPartition[]>
  commit(positions: Positions): Promise<void>
  close(): Promise<void>
}
