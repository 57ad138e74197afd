import { MillraceError } from '../../../../../lib/base/errors.ts'
import type {
  TableShardCursor,
  TableStreamReader,
  TableStreamRecord,
} from '../../../../../lib/ports/table-stream.ts'
import type { Random } from '../../../../../lib/testing/random.ts'

interface MemoryShard {
  readonly shardId: string
  readonly parentId?: string
  records: readonly TableStreamRecord[]
  trimmedUpTo: bigint
  isClosed: boolean
}

/** The stream of a table in memory. Its shards split, end and expire as those of AWS do. */
export class MemoryTableStream {
  label = '2026-11-30T00:00:00.000'
  /** The number of reads that fail from now on. */
  failures = 0
  shards: MemoryShard[] = []
  readonly #random: Random
  #number = 100_000_000_000_000_000_000n
  /** The open shard of each item. */
  readonly #homes = new Map<string, MemoryShard>()

  constructor(random: Random) {
    this.#random = random
  }

  /** Changes an item. */
  change(key: string, n: number, more: object = {}): void {
    const home = this.#homes.get(key) ?? this.#add()
    this.#homes.set(key, home)
    this.#number += 7n
    const sequenceNumber = String(this.#number)
    const event = {
      eventID: `event-${sequenceNumber}`,
      eventName: 'MODIFY',
      dynamodb: {
        ApproximateCreationDateTime: 1_700_000_000,
        Keys: { id: { S: key } },
        NewImage: { n: { N: String(n) } },
        SequenceNumber: sequenceNumber,
        ...more,
      },
    }
    home.records = [...home.records, { sequenceNumber, event }]
  }

  /** Closes each open shard, as AWS does every four hours. Their items go on in children. */
  roll(): void {
    const children = new Map<MemoryShard, readonly MemoryShard[]>()
    for (const [key, home] of this.#homes) {
      const of = children.get(home) ?? [this.#add(home.shardId), this.#add(home.shardId)]
      children.set(home, of)
      home.isClosed = true
      this.#homes.set(key, of[this.#random.between(0, 1)] as MemoryShard)
    }
  }

  /** Deletes the records of all shards, and closed shards. */
  expire(): void {
    for (const shard of this.shards) {
      shard.trimmedUpTo = BigInt(shard.records.at(-1)?.sequenceNumber ?? shard.trimmedUpTo)
      shard.records = []
    }
    this.shards = this.shards.filter(({ isClosed }) => !isClosed)
  }

  /** Switches the stream off and on again. */
  replace(): void {
    this.label = `${this.label}1`
    this.shards = []
    this.#homes.clear()
  }

  open(): TableStreamReader {
    return {
      describe: async () => ({
        label: this.label,
        shards: this.shards.map(({ shardId, parentId, isClosed }) => ({
          shardId,
          isClosed,
          ...(parentId === undefined ? {} : { parentId }),
        })),
      }),
      open: (shardId, after) => this.#cursor(shardId, after),
      close: () => undefined,
    }
  }

  #add(parentId?: string): MemoryShard {
    const shard: MemoryShard = {
      shardId: `shardId-${String(this.shards.length).padStart(8, '0')}-${this.#number}`,
      ...(parentId === undefined ? {} : { parentId }),
      records: [],
      trimmedUpTo: 0n,
      isClosed: false,
    }
    this.shards.push(shard)
    return shard
  }

  #cursor(shardId: string, after: string | undefined): TableShardCursor {
    let at = after === undefined ? undefined : BigInt(after)
    return {
      next: async () => {
        if (this.failures > 0) {
          this.failures -= 1
          throw new MillraceError('STREAM_UNREADABLE', { problem: 'no answer', retryable: true })
        }
        const shard = this.shards.find((one) => one.shardId === shardId)
        if (shard === undefined) return { records: [], isEnd: true }
        if (at !== undefined && at < shard.trimmedUpTo)
          throw new MillraceError('RECORDS_EXPIRED', { problem: 'gone' })
        // Now and then a read gives nothing although there is more.
        if (this.#random.chance(0.2)) return { records: [], isEnd: false }
        const from = at ?? 0n
        const waiting = shard.records.filter(({ sequenceNumber }) => BigInt(sequenceNumber) > from)
        const records = waiting.slice(0, this.#random.between(1, 4))
        at = BigInt(records.at(-1)?.sequenceNumber ?? from)
        if (at === 0n) at = undefined
        return { records, isEnd: shard.isClosed && records.length === waiting.length }
      },
    }
  }
}
