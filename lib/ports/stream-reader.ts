/** One shard of a stream. */
export interface ShardAddress {
  readonly streamArn: string
  readonly shardId: string
}

/** A range of a shard: from one sequence number to another, both included, as decimal digits. */
export interface ShardRange extends ShardAddress {
  readonly first: string
  readonly last: string
}

/**
 * A record as stored in the stream. If a producer packed several records into it, they are still
 * packed.
 */
export interface StreamRecord {
  readonly sequenceNumber: string
  readonly partitionKey: string
  readonly data: Uint8Array
  /**
   * When the stream received the record, in epoch milliseconds. Approximate, but equal on every
   * read.
   */
  readonly arrivalMs: number
}

/**
 * A stream that can be read again. It is used for records that intake took and the store then lost
 * (B7), and to find the parents of a shard, which records do not name.
 *
 * What an implementation promises: `read` gives, in order, all records of the range that the stream
 * still has. It gives fewer records, or none, if their retention is over, the shard no longer
 * exists, or another stream now has the same name. The caller knows how many records there must be.
 * `parents` gives the shards that this shard was made from: they hold the earlier records of its
 * keys. It gives none for a shard that the stream does not list. Both calls may be repeated.
 *
 * Errors: `STREAM_UNREADABLE` (retryable, unless access is denied).
 */
export interface StreamReader {
  read(range: ShardRange): Promise<readonly StreamRecord[]>
  parents(shard: ShardAddress): Promise<readonly string[]>
}
