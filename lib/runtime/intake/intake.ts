/**
 * Intake appends what a source delivers to its lane, and nothing else. It runs while batches fail,
 * and in any generation.
 *
 * B1 One conditional write on `tail = <the tail I saw>`; records at or below the tail are dropped
 * as redelivered. The source is
 *     acknowledged only after it.
 * B12 First the append, then a strong read of the head: at rest, wake it.
 *
 *   delivery -> read lane -> [write block] -> append (one conditional write) -> read head -> wake if at rest -> acknowledge
 */
import { invariant, MillraceError } from '../../base/errors.ts'
import type { BatchLimits } from '../../dstream/plan.ts'
import type { Clock } from '../../ports/clock.ts'
import { itemBytes, type ItemStore } from '../../ports/item-store.ts'
import type { Randomness } from '../../ports/randomness.ts'
import { type PositionedRecord, writeBlock } from '../../state/blocks.ts'
import { type Head, HeadStore } from '../../state/head.ts'
import { laneKey } from '../../state/item-keys.ts'
import {
  advance,
  BEGINNING,
  blockNode,
  type BlockRef,
  entriesAfter,
  isAfter,
  type Lane,
  type LaneEntry,
  laneItem,
  readLane,
  swapLane,
} from '../../state/lanes.ts'
import { type DeadLetter, storeDeadLetters } from '../../state/dead-letters.ts'
import { wake } from '../driver/rest.ts'
import { withRetries } from '../retry.ts'
import { sharedNow } from '../store-time.ts'

/** Gives the lanes that must be drained before a lane is taken from. */
export type LaneParents = (lane: string) => Promise<readonly string[]>

/**
 * What a source hands over: records of one lane in the order of their positions, and what could not
 * even be read.
 */
export interface LaneDelivery {
  readonly lane: string
  readonly records: readonly PositionedRecord[]
  readonly rejected?: readonly DeadLetter[]
  /**
   * The last position of the delivery, if what stands there was rejected. Default: that of the last
   * record.
   */
  readonly last?: string
  /**
   * Called before records are dropped as redelivered. What it throws keeps all of the delivery from
   * being appended.
   */
  readonly beforeDropping?: () => Promise<void>
  /** Asked when the lane is new. Default: it comes after no other lane. */
  readonly parentsOf?: LaneParents
}

/** What intake works with. */
export interface IntakeParts {
  readonly app: string
  /** The id of the source node. */
  readonly source: string
  readonly store: ItemStore
  readonly clock: Clock
  readonly randomness: Randomness
  readonly limits: BatchLimits
  /**
   * Told when this intake has woken the head, with the head as it is then: somebody has to call the
   * driver at its next batch time. Also told that there is no head yet, with undefined: the driver
   * makes it, as soon as it is called.
   */
  readonly woke?: (head: Head | undefined) => void
}

/**
 * Neighbouring entries become one while they are smaller than this share of a batch (B8): the cut
 * still has places to fall on.
 */
const COALESCED_SHARE = 1 / 8
/** And while one entry does not read as too many pieces. */
const BLOCKS_PER_ENTRY_MAX = 16
const TRIES_MAX = 8
/** Stands for the id of the attempt while the size of an item is measured. */
const LONGEST_ATTEMPT_ID = 'x'.repeat(64)

/** Appends the deliveries of one source. */
export class Intake {
  readonly #parts: IntakeParts
  readonly #heads: HeadStore
  #head: Head | undefined
  /**
   * Lanes as this intake has left them: a lane has one feeder, so they are mostly still so, and the
   * condition on the tail tells if not.
   */
  readonly #left = new Map<string, Lane>()

  constructor(parts: IntakeParts) {
    this.#parts = parts
    this.#heads = new HeadStore(parts.store, parts.app)
  }

  /** The last position of a lane, for sources whose positions are given here. */
  async tail(lane: string): Promise<string> {
    const { store, app, source, clock } = this.#parts
    return (await withRetries(clock, () => readLane(store, app, source, lane)))?.tail ?? BEGINNING
  }

  /**
   * Makes a delivery durable, once: what is already there is dropped. Gives how many records were
   * new. When it resolves, the source may be acknowledged; when it rejects, deliver again.
   *
   * @throws MillraceError `LANE_FULL` (retryable) while the driver is too far behind; what the
   * store throws.
   */
  async append(delivery: LaneDelivery): Promise<number> {
    const { clock, store, app } = this.#parts
    invariant(
      'B1',
      isInOrder(delivery.records),
      `a delivery to lane ${delivery.lane} is not in the order of its positions`,
    )
    const nowMs = clock.now()
    await withRetries(clock, () =>
      storeDeadLetters(store, app, delivery.rejected ?? [], { timeMs: nowMs }),
    )
    const appended = await this.#appendNew(delivery.lane, () => delivery, nowMs)
    await this.#wakeHead()
    return appended
  }

  /**
   * Makes records durable that have no positions of their own, such as hints, which may come from
   * many sides at once: they get the positions behind the tail, whoever appends first. One that is
   * given again is there again: whoever reads them has to tell.
   *
   * @throws MillraceError as {@link Intake.append}.
   */
  async appendAtTail(lane: string, records: readonly unknown[]): Promise<number> {
    const behind = (tail: string): LaneDelivery => ({
      lane,
      records: records.map((record, index) => ({ position: advance(tail, index + 1), record })),
    })
    // Many feed this lane: how this intake has left it says nothing.
    this.#left.delete(lane)
    const appended = await this.#appendNew(lane, behind, this.#parts.clock.now())
    await this.#wakeHead()
    return appended
  }

  /**
   * `deliveryBehind` is what to append behind a tail; only the part of it that is behind the tail
   * is.
   */
  async #appendNew(
    lane: string,
    deliveryBehind: (tail: string) => LaneDelivery,
    nowMs: number,
  ): Promise<number> {
    const { clock, store, app, source, randomness } = this.#parts
    let seen =
      this.#left.get(lane) ?? (await withRetries(clock, () => readLane(store, app, source, lane)))
    this.#left.delete(lane)
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      const tail = seen?.tail ?? BEGINNING
      const delivery = deliveryBehind(tail)
      const last = delivery.last ?? delivery.records.at(-1)?.position ?? BEGINNING
      if (!isAfter(delivery.records[0]?.position ?? last, tail)) await delivery.beforeDropping?.()
      if (!isAfter(last, tail)) {
        if (seen !== undefined) this.#left.set(lane, seen)
        return 0
      }
      const fresh = delivery.records.filter(({ position }) => isAfter(position, tail))
      const attemptId = randomness.attemptId()
      const name = { node: blockNode(source, delivery.lane), by: attemptId }
      const block =
        fresh.length === 0
          ? undefined
          : await withRetries(clock, () => writeBlock(store, app, name, fresh))
      const entry = entryOf(fresh, block, {
        last,
        deadLetters: delivery.rejected?.length ?? 0,
        receivedMs: nowMs,
      })
      const next: Lane = {
        source,
        lane: delivery.lane,
        tail: last,
        by: attemptId,
        parents: seen?.parents ?? (await delivery.parentsOf?.(delivery.lane)) ?? [],
        entries: await this.#roomFor(seen, delivery.lane, entry),
      }
      const answer = await withRetries(clock, () => swapLane(store, app, seen, next))
      // A refusal that shows this attempt's id is its own success, whose answer was lost.
      if (answer.swapped || answer.current?.by === attemptId) {
        this.#left.set(lane, next)
        return fresh.length
      }
      seen = answer.current
    }
    throw new MillraceError('STORE_FAILED', {
      problem: `Lane ${lane} of ${source} is being appended to by somebody else all the time`,
      retryable: true,
      fix: 'a lane has one feeder: see that each is fed once',
    })
  }

  /**
   * What is consumed by the last head this intake has seen is dropped: an older head only drops
   * less.
   */
  #queueWith(seen: Lane | undefined, lane: string, entry: LaneEntry): readonly LaneEntry[] {
    const offset = this.#head?.offsets[this.#parts.source]?.[lane] ?? BEGINNING
    const waiting = seen === undefined ? [] : entriesAfter(seen, offset)
    const last = waiting.at(-1)
    const { limits } = this.#parts
    if (last === undefined || !fitsInto(last, entry, limits)) return [...waiting, entry]
    return [...waiting.slice(0, -1), coalesce(last, entry)]
  }

  /**
   * B8: the lane's item is bounded. The head this intake has seen last may be an old one, so before
   * it gives up it looks again at what is consumed by now. When the lane is full all the same the
   * source has to wait: nothing is lost, it holds on to what it has.
   */
  async #roomFor(
    seen: Lane | undefined,
    lane: string,
    entry: LaneEntry,
  ): Promise<readonly LaneEntry[]> {
    const { store, app, source, clock } = this.#parts
    const sizeOf = (entries: readonly LaneEntry[]): number =>
      itemBytes(
        laneKey(app, source, lane),
        laneItem({
          source,
          lane,
          tail: entry.last,
          by: LONGEST_ATTEMPT_ID,
          parents: seen?.parents ?? [],
          entries,
        }),
      )
    const entries = this.#queueWith(seen, lane, entry)
    if (sizeOf(entries) <= store.itemBytesMax) return entries
    this.#head = await withRetries(clock, () => this.#heads.read())
    const fewer = this.#queueWith(seen, lane, entry)
    if (sizeOf(fewer) <= store.itemBytesMax) return fewer
    throw new MillraceError('LANE_FULL', {
      problem: `Lane ${lane} of ${source} has ${fewer.length} entries that no batch has taken yet`,
      value: `${sizeOf(fewer)} bytes`,
      allowed: `${store.itemBytesMax} bytes`,
      fix: 'see why batches do not run: millrace status. Intake goes on by itself once they do',
      retryable: true,
    })
  }

  /** B12: after the append, never before it. */
  async #wakeHead(): Promise<void> {
    const { clock, store, woke } = this.#parts
    const head = await withRetries(clock, () => this.#heads.read())
    this.#head = head
    if (head === undefined) woke?.(undefined)
    if (head?.status !== 'rest') return
    const wakeMs = sharedNow(store, clock)
    if (await withRetries(clock, () => wake(this.#heads, head, wakeMs)))
      woke?.({ ...head, status: 'running', wakeMs })
  }
}

const isInOrder = (records: readonly PositionedRecord[]): boolean =>
  records.every(
    ({ position }, index) =>
      index === 0 || isAfter(position, (records[index - 1] as PositionedRecord).position),
  )

const entryOf = (
  records: readonly PositionedRecord[],
  block: BlockRef | undefined,
  rest: Pick<LaneEntry, 'last' | 'deadLetters' | 'receivedMs'>,
): LaneEntry => ({
  first: records[0]?.position ?? rest.last,
  count: records.length,
  bytes: block?.bytes ?? 0,
  ...rest,
  blocks: block === undefined ? [] : [block],
})

const fitsInto = (last: LaneEntry, entry: LaneEntry, limits: BatchLimits): boolean =>
  last.count + entry.count <= limits.records * COALESCED_SHARE &&
  last.bytes + entry.bytes <= limits.bytes * COALESCED_SHARE &&
  last.blocks.length + entry.blocks.length <= BLOCKS_PER_ENTRY_MAX

const coalesce = (a: LaneEntry, b: LaneEntry): LaneEntry => ({
  first: a.first,
  last: b.last,
  count: a.count + b.count,
  bytes: a.bytes + b.bytes,
  receivedMs: a.receivedMs,
  deadLetters: a.deadLetters + b.deadLetters,
  blocks: [...a.blocks, ...b.blocks],
})
