/** A shard of the stream of a table. */
export interface TableShard {
  readonly shardId: string
  /** The shard that ended before this one began. It may be gone. */
  readonly parentId?: string
  /** Whether nothing is added to it any more. */
  readonly isClosed: boolean
}

/** What a stream is made of now. */
export interface TableStreamDescription {
  /** A stream that was switched off and on again has another label. */
  readonly label: string
  readonly shards: readonly TableShard[]
}

/** A record of a shard, in the form of Lambda's events, which is JSON. */
export interface TableStreamRecord {
  readonly sequenceNumber: string
  readonly event: object
}

/** What a read has brought. None may be there although there are more. */
export interface TableStreamPage {
  readonly records: readonly TableStreamRecord[]
  /** Whether the shard has no further records, now or later. */
  readonly isEnd: boolean
}

/** A place in a shard. */
export interface TableShardCursor {
  /** The next records. Not called again before the last call has settled. */
  next(): Promise<TableStreamPage>
}

/**
 * Reads the stream of a table, which keeps records for 24 hours.
 *
 * What an implementation promises: a cursor gives all records after `after`, in order, and none
 * twice. Without `after` it begins at the oldest record that is there.
 *
 * Errors: `STREAM_UNREADABLE`; `RECORDS_EXPIRED` when records after `after` are gone.
 */
export interface TableStreamReader {
  describe(): Promise<TableStreamDescription>
  open(shardId: string, after: string | undefined): TableShardCursor
  close(): void
}
