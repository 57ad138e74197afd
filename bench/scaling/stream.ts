/**
 * A stream of the world, and the event source mapping that calls intake with its records. Records
 * of a shard arrive evenly. The mapping collects them for a window, and then waits for its next
 * look at the shard. The next window begins when the call has ended, as in Lambda.
 */
import type { IntakeFunction } from '../../functions/intake-function.ts'
import { positionOf } from '../../lib/runtime/sources/kinesis/positions.ts'
import type { Lambda } from './functions.ts'
import { sequenceNumberOf, shardEvent } from './records.ts'
import type { VirtualServices } from './services.ts'
import type { World } from './world.ts'

/** The most records of a call: a request has 6 MB, and 100 bytes take 700 with their envelope. */
const CALL_RECORDS = 8_900
/** A call that failed comes again after this time. */
const AGAIN_MS = 1_000

/** What a stream is made of. */
export interface StreamParts {
  readonly world: World
  readonly services: VirtualServices
  readonly intake: Lambda<IntakeFunction>
  readonly shards: number
  /** Of each shard. */
  readonly recordsPerS: number
  readonly windowMs: number
  readonly startMs: number
  /** A number from 0 to 1 for each call, to spread the shards. */
  readonly random: () => number
  /** The processor time of parsing the JSON of a record, which Lambda's runtime does. */
  readonly parseMsPerRecord: number
}

interface Shard {
  readonly shard: number
  readonly firstMs: number
  /** Records that intake has accepted. */
  sent: number
  /** How many records there are up to the end of a delivery, by its last position. */
  readonly ends: Map<string, number>
}

/** A stream whose records go to intake. */
export class VirtualStream {
  readonly shards: readonly Shard[]
  readonly #parts: StreamParts
  /** False: no further calls begin. */
  isOpen = true
  calls = 0
  failedCalls = 0

  constructor(parts: StreamParts) {
    this.#parts = parts
    const { shards, startMs, windowMs, random, recordsPerS } = parts
    this.shards = Array.from({ length: shards }, (_, shard) => ({
      shard,
      firstMs: startMs + (random() * 1_000) / recordsPerS,
      sent: 0,
      ends: new Map([['0', 0]]),
    }))
    // Mappings of shards begin at different times of a window.
    for (const shard of this.shards) this.#collect(shard, startMs + random() * windowMs)
  }

  /** When the n-th record of a shard arrived. */
  arrivalMs({ firstMs }: Shard, n: number): number {
    return firstMs + (n * 1_000) / this.#parts.recordsPerS
  }

  /** Records that intake has accepted. */
  get accepted(): number {
    return this.shards.reduce((total, { sent }) => total + sent, 0)
  }

  #collect(shard: Shard, fromMs: number): void {
    const { world, services, windowMs } = this.#parts
    world.at(fromMs + windowMs + services.draw('poll'), () => this.#call(shard))
  }

  #call(shard: Shard): void {
    const { world, intake, recordsPerS, parseMsPerRecord } = this.#parts
    if (!this.isOpen) return
    const arrived = Math.floor(((world.now() - shard.firstMs) / 1_000) * recordsPerS) + 1
    const count = Math.min(CALL_RECORDS, arrived - shard.sent)
    if (count <= 0) return this.#collect(shard, world.now())
    const atMs = (n: number): number => this.arrivalMs(shard, n)
    const event = shardEvent(shard.shard, { from: shard.sent, count, atMs })
    const last = shard.sent + count - 1
    this.calls += 1
    intake.invoke(
      async (handle) => {
        world.compute(count * parseMsPerRecord)
        await handle(event)
      },
      ({ error }) => {
        if (error !== undefined) {
          this.failedCalls += 1
          world.at(world.now() + AGAIN_MS, () => this.#call(shard))
          return
        }
        shard.sent += count
        shard.ends.set(positionOf(sequenceNumberOf(last, atMs(last))), shard.sent)
        if (shard.sent < arrived) this.#call(shard)
        else this.#collect(shard, world.now())
      },
    )
  }
}

const PARSED_RECORDS = 2_000
const PARSED_TIMES = 5

/** Measures the processor time of parsing the JSON of a record of an event, in milliseconds. */
export const measureParsing = (): number => {
  const text = JSON.stringify(shardEvent(0, { from: 0, count: PARSED_RECORDS, atMs: (n) => n }))
  const parse = (): number => {
    const before = process.cpuUsage()
    JSON.parse(text)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000 / PARSED_RECORDS
  }
  return Math.min(...Array.from({ length: PARSED_TIMES }, parse))
}
