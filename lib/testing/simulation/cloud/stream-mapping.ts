/**
 * An event source mapping of a stream. It delivers one batch of a shard at a time, in order. It
 * repeats from the same position until the batch is taken, with other bounds each time. It reads a
 * child shard only after its parents are done. Its checkpoint can be lost, and an old invocation
 * can come once more, later.
 */
import type { KinesisEvent } from '../../../runtime/sources/kinesis/event.ts'
import type { CallWorld } from '../calls.ts'
import { bytesOf, type Shard, type SimulatedStream, type StreamRecord } from './stream.ts'

/** Invokes intake with an event. Calls `ended` once, with whether intake took it. */
export type InvokeIntake = (event: KinesisEvent, ended: (taken: boolean) => void) => void

/** The most records in one invocation. A small number makes many entries in a lane. */
const BATCHES_MAX = [2, 3, 24]
const BACK_OFF_MS_MAX = 3_000

export class StreamMapping {
  readonly stream: SimulatedStream
  readonly #parts: CallWorld
  readonly #invoke: InvokeIntake
  /** How many records of a shard are taken: the checkpoint. */
  readonly #taken = new Map<string, number>()
  readonly #busy = new Set<string>()
  readonly #batchMax: number
  #deleted = false

  /** Begins at the oldest record that the stream still has (TRIM_HORIZON). */
  constructor(parts: CallWorld, stream: SimulatedStream, invoke: InvokeIntake) {
    this.stream = stream
    this.#parts = parts
    this.#invoke = invoke
    this.#batchMax = parts.world.random.pick(BATCHES_MAX)
    this.poll()
  }

  /** All records of all shards are taken, and nothing is under way. */
  get isDone(): boolean {
    return this.#busy.size === 0 && this.stream.shards.every((shard) => this.#isRead(shard))
  }

  /** An invocation is under way. */
  get isBusy(): boolean {
    return this.#busy.size > 0
  }

  /** Starts no further invocation. One that is under way goes on, and its end has no effect. */
  delete(): void {
    this.#deleted = true
  }

  /** Looks for records in every shard that is not being read. */
  poll(): void {
    for (const shard of this.stream.shards) this.#read(shard)
  }

  /** Some of the records that were taken leave the stream: their retention is over. */
  trim(): void {
    const { random } = this.#parts.world
    for (const shard of this.stream.shards)
      shard.trimmed = random.between(shard.trimmed, this.#takenOf(shard))
  }

  /** The checkpoint of one shard falls back. */
  loseCheckpoint(): void {
    const shard = this.#parts.world.random.pick(this.stream.shards)
    if (this.#busy.has(shard.id) || this.#takenOf(shard) === shard.trimmed) return
    this.#taken.set(
      shard.id,
      this.#parts.world.random.between(shard.trimmed, this.#takenOf(shard) - 1),
    )
    this.#read(shard)
  }

  /** Delivers old records once more, beside whatever is under way. */
  deliverLate(): void {
    const { random } = this.#parts.world
    const shard = random.pick(this.stream.shards)
    if (this.#takenOf(shard) === 0) return
    const from = random.between(0, this.#takenOf(shard) - 1)
    this.#invoke(
      eventOf(
        this.stream,
        shard,
        shard.records.slice(from, from + random.between(1, this.#batchMax)),
      ),
      () => undefined,
    )
  }

  #takenOf(shard: Shard): number {
    return Math.max(this.#taken.get(shard.id) ?? 0, shard.trimmed)
  }

  #isRead(shard: Shard): boolean {
    return this.#takenOf(shard) >= shard.records.length
  }

  #isNext(shard: Shard): boolean {
    if (this.#deleted || this.#busy.has(shard.id) || this.#isRead(shard)) return false
    return this.stream.shards
      .filter(({ id }) => shard.parents.includes(id))
      .every((parent) => this.#isDone(parent))
  }

  /** A shard without records is done when its own parents are. */
  #isDone(shard: Shard): boolean {
    return (
      this.#isRead(shard) &&
      this.stream.shards
        .filter(({ id }) => shard.parents.includes(id))
        .every((parent) => this.#isDone(parent))
    )
  }

  #read(shard: Shard): void {
    if (!this.#isNext(shard)) return
    const { world, sightings } = this.#parts
    const from = this.#takenOf(shard)
    const records = shard.records.slice(from, from + world.random.between(1, this.#batchMax))
    if (from === 0 && shard.parents.length > 0) sightings.see('a child shard read after its parent')
    this.#busy.add(shard.id)
    this.#invoke(eventOf(this.stream, shard, records), (taken) => {
      if (this.#deleted) return
      const goOn = (): void => {
        this.#busy.delete(shard.id)
        if (taken) this.#taken.set(shard.id, from + records.length)
        this.poll()
      }
      if (taken) goOn()
      else world.after(world.random.between(1, BACK_OFF_MS_MAX), goOn)
    })
  }
}

const eventOf = (
  { arn }: SimulatedStream,
  { id }: Shard,
  records: readonly StreamRecord[],
): KinesisEvent => ({
  Records: records.map(({ sequenceNumber, key, text, arrivalMs }) => ({
    eventID: `${id}:${sequenceNumber}`,
    eventSourceARN: arn,
    kinesis: {
      partitionKey: key,
      sequenceNumber: String(sequenceNumber),
      data: Buffer.from(bytesOf(text)).toString('base64'),
      approximateArrivalTimestamp: arrivalMs / 1_000,
    },
  })),
})
