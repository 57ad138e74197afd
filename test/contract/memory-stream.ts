/**
 * A stream in memory, as Kinesis documents itself: five reads and 2 MB a second for a shard,
 * iterators that end after five minutes, shards that close and have children, pages without records
 * far from the end, and records that go when their time is over.
 */
import { MillraceError } from '../../lib/base/errors.ts'
import type {
  ListedShard,
  Refused,
  ShardPage,
  ShardReader,
  ShardStart,
  StreamDescription,
} from '../../lib/ports/shard-reader.ts'
import type { StreamRecord } from '../../lib/ports/stream-reader.ts'
import type { Random } from '../../lib/testing/random.ts'

const ITERATOR_MS = 300_000
const READS_PER_SECOND = 5
const RECORDS_PER_PAGE = 4

interface Shard {
  readonly shardId: string
  readonly parents: readonly string[]
  readonly records: StreamRecord[]
  isClosed: boolean
  closedMs: number
}

interface Iterator {
  readonly shardId: string
  readonly life: number
  readonly madeMs: number
  /** The sequence number after which it reads. */
  readonly after: bigint
}

/** What a stream may do at random. */
export interface Mischief {
  readonly random: Random
  /** The chance of a call that is refused, although there were not too many. */
  readonly throttles: number
  /** The chance of a page without records. */
  readonly empties: number
  /** The chance of a call that fails. */
  readonly failures: number
}

/** A stream in the memory of a test. */
export class MemoryStream {
  readonly #now: () => number
  readonly #mischief: Mischief | undefined
  readonly retentionMs: number = 86_400_000
  #life = 0
  #createdMs = 0
  #isDeleted = false
  #sequence = 100n
  #shards: Shard[] = []
  readonly #iterators = new Map<string, Iterator>()
  readonly #reads = new Map<string, number[]>()
  /** The calls of each method. */
  readonly calls = { describe: 0, shards: 0, iterator: 0, read: 0 }
  /** Reads that were refused since there were too many. */
  tooMany = 0
  /** The most reads of a shard within a second. */
  readsPerSecondMax = 0

  constructor(shards: number, now: () => number, mischief?: Mischief) {
    this.#now = now
    this.#mischief = mischief
    this.create(shards)
  }

  create(shards: number): void {
    this.#life += 1
    this.#createdMs = this.#now()
    this.#isDeleted = false
    this.#shards = []
    for (let number = 0; number < shards; number++) this.#add([])
  }

  delete(): void {
    this.#isDeleted = true
  }

  /** The shards that take records. */
  get open(): readonly string[] {
    return this.#shards.filter(({ isClosed }) => !isClosed).map(({ shardId }) => shardId)
  }

  put(shardId: string, ...texts: readonly (string | Uint8Array)[]): void {
    for (const text of texts) {
      this.#sequence += 3n
      this.#at(shardId).records.push({
        sequenceNumber: String(this.#sequence),
        partitionKey: 'key',
        data: typeof text === 'string' ? new Uint8Array(Buffer.from(text)) : text,
        arrivalMs: this.#now(),
      })
    }
  }

  split(shardId: string): readonly string[] {
    this.#close(shardId)
    return [this.#add([shardId]), this.#add([shardId])]
  }

  merge(one: string, other: string): string {
    this.#close(one)
    this.#close(other)
    return this.#add([one, other])
  }

  #add(parents: readonly string[]): string {
    const shardId = `shardId-${String(this.#shards.length).padStart(12, '0')}`
    this.#shards.push({ shardId, parents, records: [], isClosed: false, closedMs: Infinity })
    return shardId
  }

  #close(shardId: string): void {
    const shard = this.#at(shardId)
    shard.isClosed = true
    shard.closedMs = this.#now()
  }

  #at(shardId: string): Shard {
    const shard = this.#shards.find((one) => one.shardId === shardId)
    if (shard === undefined) throw new Error(`${shardId} does not exist`)
    return shard
  }

  /** What the stream still has of a shard. */
  #kept(shard: Shard): readonly StreamRecord[] {
    return shard.records.filter(({ arrivalMs }) => this.#now() - arrivalMs < this.retentionMs)
  }

  reader(): ShardReader {
    return {
      describe: async () => this.#describe(),
      shards: async () => this.#list(),
      iterator: async (shardId, start) => this.#iterator(shardId, start),
      read: async (iterator) => this.#read(iterator),
    }
  }

  #fail(): void {
    if (this.#mischief?.random.chance(this.#mischief.failures) === true)
      throw new MillraceError('STREAM_UNREADABLE', { problem: 'It hangs up', retryable: true })
  }

  #describe(): StreamDescription {
    this.calls.describe += 1
    this.#fail()
    if (this.#isDeleted)
      throw new MillraceError('STREAM_UNREADABLE', { problem: 'There is no stream of this name' })
    const streamArn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/clicks'
    return { streamArn, createdMs: this.#createdMs, retentionMs: this.retentionMs }
  }

  #list(): readonly ListedShard[] {
    this.calls.shards += 1
    this.#fail()
    return this.#shards
      .filter(({ closedMs }) => this.#now() - closedMs < this.retentionMs)
      .map(({ shardId, parents, isClosed }) => ({ shardId, parents, isClosed }))
  }

  #iterator(shardId: string, start: ShardStart): string | Refused {
    this.calls.iterator += 1
    this.#fail()
    if (this.#isDeleted || !this.#shards.some((one) => one.shardId === shardId))
      return { refused: 'gone' }
    if (this.#mischief?.random.chance(this.#mischief.throttles) === true)
      return { refused: 'throttled' }
    return this.#iteratorAt(shardId, this.#afterOf(this.#at(shardId), start))
  }

  #afterOf(shard: Shard, start: ShardStart): bigint {
    if (start === 'oldest') return 0n
    if (start === 'latest') return this.#sequence
    if ('afterNumber' in start) return BigInt(start.afterNumber)
    const first = shard.records.find(({ arrivalMs }) => arrivalMs >= start.atMs)
    return first === undefined ? this.#sequence : BigInt(first.sequenceNumber) - 1n
  }

  #iteratorAt(shardId: string, after: bigint): string {
    const name = `${shardId}/${this.#iterators.size}`
    this.#iterators.set(name, { shardId, life: this.#life, madeMs: this.#now(), after })
    return name
  }

  #read(name: string): ShardPage | Refused {
    this.calls.read += 1
    this.#fail()
    const given = this.#iterators.get(name)
    if (given === undefined || this.#isDeleted || given.life !== this.#life)
      return { refused: 'gone' }
    const nowMs = this.#now()
    const reads = (this.#reads.get(given.shardId) ?? []).filter((atMs) => nowMs - atMs < 1_000)
    reads.push(nowMs)
    this.#reads.set(given.shardId, reads)
    this.readsPerSecondMax = Math.max(this.readsPerSecondMax, reads.length)
    if (reads.length > READS_PER_SECOND) {
      this.tooMany += 1
      return { refused: 'throttled' }
    }
    if (this.#mischief?.random.chance(this.#mischief.throttles) === true)
      return { refused: 'throttled' }
    if (nowMs - given.madeMs > ITERATOR_MS) return { refused: 'expired' }
    return this.#page(given)
  }

  #page({ shardId, after }: Iterator): ShardPage {
    const shard = this.#at(shardId)
    const left = this.#kept(shard).filter(({ sequenceNumber }) => BigInt(sequenceNumber) > after)
    const isEmpty = this.#mischief?.random.chance(this.#mischief.empties) === true
    const records = isEmpty ? [] : left.slice(0, RECORDS_PER_PAGE)
    const rest = left.length - records.length
    const reached = records.at(-1)
    const next = reached === undefined ? after : BigInt(reached.sequenceNumber)
    return {
      records,
      bytes: records.reduce((total, { data }) => total + data.byteLength, 0),
      next: shard.isClosed && rest === 0 ? undefined : this.#iteratorAt(shardId, next),
      behindMs: rest === 0 ? 0 : 1_000,
    }
  }
}
