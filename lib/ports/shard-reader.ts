import type { StreamRecord } from './stream-reader.ts'

/** Which stream it is. */
export interface StreamDescription {
  readonly streamArn: string
  /** A stream that is deleted and created again has another time. Epoch milliseconds. */
  readonly createdMs: number
  /** How long it keeps records, in milliseconds. */
  readonly retentionMs: number
}

/** A shard as its stream lists it. */
export interface ListedShard {
  readonly shardId: string
  /** The shards that it was made from. The stream may list them no more. */
  readonly parents: readonly string[]
  readonly isClosed: boolean
}

/** Where to read a shard from: an end of it, behind a sequence number, or from a time on. */
export type ShardStart =
  | 'oldest'
  | 'latest'
  | { readonly afterNumber: string }
  | { readonly atMs: number }

/** What a read has brought. */
export interface ShardPage {
  /** In the order of the shard. Often none, also far from its end. */
  readonly records: readonly StreamRecord[]
  readonly bytes: number
  /** Reads what follows. Undefined: the shard is closed, and all of it is read. */
  readonly next: string | undefined
  /** How far the page is behind the end of the shard. 0: at the end. */
  readonly behindMs: number
}

/**
 * A call without an answer. `throttled`: too many calls. `expired`: the iterator is too old.
 * `unknown`: the shard does not have that sequence number. `gone`: it does not exist.
 */
export interface Refused {
  readonly refused: 'throttled' | 'expired' | 'unknown' | 'gone'
}

/**
 * The shards of one stream, as one reader of many sees them.
 *
 * What an implementation promises: each method is one call of the service, or one for each page of
 * a list, and is never repeated behind the back of the caller. `read` gives the records that follow
 * those of the page before it, none left out, unless their retention is over. From a time that is
 * later than all records, `iterator` starts at the latest one.
 *
 * Errors: `STREAM_UNREADABLE`, retryable unless the stream does not exist or access is denied;
 * `CREDENTIALS_MISSING`.
 */
export interface ShardReader {
  describe(): Promise<StreamDescription>
  shards(): Promise<readonly ListedShard[]>
  iterator(shardId: string, start: ShardStart): Promise<string | Refused>
  read(iterator: string): Promise<ShardPage | Refused>
}
