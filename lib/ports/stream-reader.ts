/** One shard of a stream. */
export interface ShardAddress {
  readonly streamArn: string
  readonly shardId: string
}

/** A part of a shard: from one sequence number to another, both included, as decimal digits. */
export interface ShardRange extends ShardAddress {
  readonly first: string
  readonly last: string
}

/** A record as it lies in the stream, whatever a producer has packed into it. */
export interface StreamRecord {
  readonly sequenceNumber: string
  readonly partitionKey: string
  readonly data: Uint8Array
  /** When the stream took it, epoch milliseconds; not exact, and the same each time it is read. */
  readonly arrivalMs: number
}

/**
 * A stream that can be read again: for what was taken in and then lost (B7), and for what records
 * do not say of their shards.
 *
 * What an implementation promises: `read` gives, in their order, all records of the range that the
 * stream still has. Fewer than there were, or none, when their retention is over, the shard is
 * gone, or the stream is another one under the same name: the caller knows how many there were.
 * `parents` gives the shards that this one was made of, which hold the earlier records of its keys;
 * none for a shard that the stream does not list. Both may be repeated.
 *
 * Errors: `STREAM_UNREADABLE` (retryable, unless access is denied).
 */
export interface StreamReader {
  read(range: ShardRange): Promise<readonly StreamRecord[]>
  parents(shard: ShardAddress): Promise<readonly string[]>
}
