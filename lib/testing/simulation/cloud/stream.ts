/**
 * A Kinesis stream: shards keep their records in order until the retention is over. Shards split
 * and merge.
 */
import type { Random } from '../../random.ts'

/** The numbers of shards are far apart, so that their lanes are in several partitions. */
const SHARD_STEP = 40

/** A record as a shard holds it. */
export interface StreamRecord {
  readonly sequenceNumber: bigint
  readonly key: string
  readonly text: string
  readonly arrivalMs: number
}

const GARBLED = 'garbled'

/** Bytes that are no text, as some producers send: intake puts such a record aside. */
export const isGarbled = (text: string): boolean => text.startsWith(GARBLED)

/** The bytes that a producer puts for a text. */
export const bytesOf = (text: string): Uint8Array =>
  isGarbled(text) ? Buffer.from([0xff, ...Buffer.from(text)]) : Buffer.from(text)

/** One shard: the keys whose hash lies in its range. */
export interface Shard {
  readonly id: string
  readonly parents: readonly string[]
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly from: number
  readonly to: number
  readonly records: StreamRecord[]
  closed: boolean
  /** The number of its first records that are gone because their retention is over. */
  trimmed: number
}

/** Where sequence numbers begin: as long as those of Kinesis. */
const FIRST_NUMBER = 49_600_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000n

/** The ARN of a stream of the simulated account. A stream that is made again has the same. */
export const streamArn = (name: string): string =>
  `arn:aws:kinesis:eu-west-1:123456789012:stream/${name}`

export class SimulatedStream {
  readonly name: string
  readonly createdMs: number
  readonly #random: Random
  readonly #shards: Shard[] = []

  constructor(name: string, createdMs: number, shards: number, random: Random) {
    this.name = name
    this.createdMs = createdMs
    this.#random = random
    for (let index = 0; index < shards; index++)
      this.#open([], index / shards, (index + 1) / shards)
  }

  get arn(): string {
    return streamArn(this.name)
  }

  get shards(): readonly Shard[] {
    return this.#shards
  }

  /** Takes a record, and gives the shard that holds it now. */
  put(key: string, text: string, nowMs: number): readonly [Shard, StreamRecord] {
    const at = hashOf(key)
    const shard = this.#shards.find(
      ({ closed, from, to }) => !closed && from <= at && at < to,
    ) as Shard
    // Numbers grow within a shard, with gaps. Those of a stream that was made again begin where
    // they began before.
    const last = shard.records.at(-1)?.sequenceNumber ?? FIRST_NUMBER
    const record = {
      sequenceNumber: last + BigInt(this.#random.between(1, 3)),
      key,
      text,
      arrivalMs: nowMs,
    }
    shard.records.push(record)
    return [shard, record]
  }

  /**
   * Splits an open shard in two, or merges two neighbours. The parents are closed: they take
   * nothing more and are read to their end.
   */
  reshard(): void {
    const open = this.#shards.filter(({ closed }) => !closed).toSorted((a, b) => a.from - b.from)
    const index = this.#random.between(0, open.length - 1)
    const [shard, neighbour] = open.slice(index) as [Shard, Shard | undefined]
    shard.closed = true
    if (neighbour !== undefined && this.#random.chance(0.5)) {
      neighbour.closed = true
      this.#open([shard.id, neighbour.id], shard.from, neighbour.to)
      return
    }
    const middle = (shard.from + shard.to) / 2
    this.#open([shard.id], shard.from, middle)
    this.#open([shard.id], middle, shard.to)
  }

  #open(parents: readonly string[], from: number, to: number): void {
    const id = `shardId-${String(this.#shards.length * SHARD_STEP).padStart(12, '0')}`
    this.#shards.push({ id, parents, from, to, records: [], closed: false, trimmed: 0 })
  }
}

/** Spreads keys over 0 to 1, the same way each time. */
const hashOf = (key: string): number => {
  let hash = 2_166_136_261
  for (const char of key) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619) >>> 0
  return (Math.imul(hash, 2_654_435_761) >>> 0) / 4_294_967_296
}
