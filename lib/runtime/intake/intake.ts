/**
 * Intake appends the records of a source to its lanes, and does nothing else. It runs while batches
 * fail, and in any generation.
 *
 * 1. Store the dead letters. Read the lane. If it has room, write the new records as a block.
 * 2. Append by one conditional write: the tail and its writer are those that I saw. Records at or
 *    before the tail are dropped as redelivered (B1).
 * 3. Then read the head strongly consistent. If it is at rest, wake it (B12).
 * 4. Only then may the source be acknowledged.
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import { invariant, MillraceError } from '../../base/errors.ts'
import type { BatchLimits } from '../../dstream/plan.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { UsageMeter } from '../../ports/meter.ts'
import type { Randomness } from '../../ports/randomness.ts'
import { type Head, HeadStore } from '../../state/head.ts'
import { advance, BEGINNING, isAfter } from '../../state/lane-entries.ts'
import { LanePartitions } from '../../state/lane-partitions.ts'
import { type Lane, readLane } from '../../state/lanes.ts'
import { wake } from '../driver/rest.ts'
import { putSegment } from '../../state/segments.ts'
import { withRetries } from '../retry.ts'
import { sharedNow } from '../store-time.ts'
import { ancestorsOf } from './ancestors.ts'
import { entryOf, feederAfter, isInOrder, lastOf, pauseMs } from './entries.ts'
import { unknownSource } from './known-sources.ts'
import { type Combiner, LaneBlocks } from './lane-blocks.ts'
import type { LaneDelivery } from './lane-delivery.ts'
import { discardUnnamed, segmentsOf, type Written } from './named.ts'
import { LaneQueue } from './lane-queue.ts'
import { rejectedAfter, storeRejected } from './rejected.ts'
import { swapCounted } from './swap-counted.ts'

/** What intake works with. */
export interface IntakeParts {
  readonly app: string
  /** The id of the source node. */
  readonly source: string
  readonly store: ItemStore
  readonly clock: Clock
  readonly randomness: Randomness
  readonly limits: BatchLimits
  /** How long dead letters are kept, in milliseconds. Infinity: for ever. Default: 14 days. */
  readonly deadLettersKeptMs?: number
  /**
   * Called when this intake has woken the head, with the new head: the driver must be called at its
   * next batch time. Called with undefined when there is no head yet: the driver makes it when
   * called.
   */
  readonly woke?: (head: Head | undefined) => void
  /** Counts what this process uses: appends say it in their lanes. Left out: nothing is counted. */
  readonly meter?: UsageMeter | undefined
  /** See {@link LaneBlocks}. Left out: all blocks hold records. */
  readonly combiner?: Combiner | undefined
  /** Called when an append has stored what so many records come to by key. */
  readonly combined?: (records: number) => void
}

/** When an append began, and by when what takes long must be done. */
interface AppendTimes {
  readonly nowMs: number
  readonly deadlineMs: number
}

/** Of the functions that collide, one succeeds. This is enough for fifty of them, and some 10 s. */
const TRIES_MAX = 64
/** Appends the deliveries of one source. */
export class Intake {
  readonly #parts: IntakeParts
  readonly #heads: HeadStore
  readonly #queue: LaneQueue
  readonly #blocks: LaneBlocks
  /** Lanes as this intake has last written them. If one has changed, the condition fails. */
  readonly #lastWritten = new Map<string, Lane>()
  /** One had changed: other processes serve these lanes too. Now each append reads its lane. */
  #isShared = false
  readonly #partitions: LanePartitions
  /** Whether the application had failed when this intake last read the head. */
  #hasFailed = false

  constructor(parts: IntakeParts) {
    this.#parts = parts
    this.#heads = new HeadStore(parts.store, parts.app)
    this.#queue = new LaneQueue(parts, this.#heads)
    this.#blocks = new LaneBlocks(parts)
    this.#partitions = new LanePartitions(parts.store, parts.app, parts.source)
  }

  /** The last position of a lane, for callers that assign positions. */
  async tail(lane: string): Promise<string> {
    const { store, app, source, clock } = this.#parts
    return (await withRetries(clock, () => readLane(store, app, source, lane)))?.tail ?? BEGINNING
  }

  /** Where the one that feeds a lane goes on. Undefined: at the beginning. */
  async feeder(lane: string): Promise<string | undefined> {
    const { store, app, source, clock } = this.#parts
    return (await withRetries(clock, () => readLane(store, app, source, lane)))?.feeder
  }

  /**
   * Makes a delivery durable, exactly once: records that are already there are dropped. Returns the
   * number of new records. When it resolves, the source may be acknowledged. When it rejects, the
   * source must deliver again. What is combined by key is done before `deadlineMs`, or not at all.
   *
   * @throws MillraceError `LANE_FULL` (retryable) while the driver is too far behind.
   * `SOURCE_UNKNOWN` (retryable) if the running plan does not have the source any more. The errors
   * of the store.
   */
  async append(delivery: LaneDelivery, deadlineMs: number = Infinity): Promise<number> {
    const { clock } = this.#parts
    invariant(
      'B1',
      isInOrder(delivery.records),
      `a delivery to lane ${delivery.lane} is not in the order of its positions`,
    )
    const appended = await this.#appendNew(delivery.lane, () => delivery, {
      nowMs: clock.now(),
      deadlineMs,
    })
    await this.#wakeHead()
    return appended
  }

  /**
   * Makes records without positions durable, such as notifications. Many processes may append at
   * once: records get the positions after the tail, in the order of appends. A record that comes
   * again is appended again, and the reader must detect that.
   *
   * @throws MillraceError the errors of {@link Intake.append}.
   */
  async appendAtTail(lane: string, records: readonly unknown[]): Promise<number> {
    const deliveryAfter = (tail: string): LaneDelivery => ({
      lane,
      records: records.map((record, index) => ({ position: advance(tail, index + 1), record })),
    })
    // Others feed this lane too, so what this intake has last written is probably old.
    this.#lastWritten.delete(lane)
    const appended = await this.#appendNew(lane, deliveryAfter, {
      nowMs: this.#parts.clock.now(),
      deadlineMs: Infinity,
    })
    await this.#wakeHead()
    return appended
  }

  /**
   * `deliveryAfter` makes the delivery for a tail. Only its records after the tail are appended.
   */
  async #appendNew(
    lane: string,
    deliveryAfter: (tail: string) => LaneDelivery,
    { nowMs, deadlineMs }: AppendTimes,
  ): Promise<number> {
    const { clock, store, app, source, randomness } = this.#parts
    const known = this.#isShared ? undefined : this.#lastWritten.get(lane)
    let seen = known ?? (await withRetries(clock, () => readLane(store, app, source, lane)))
    this.#lastWritten.delete(lane)
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      const delivery = deliveryAfter(seen?.tail ?? BEGINNING)
      if (!(await this.#hasNew(delivery, seen))) {
        if (seen !== undefined) this.#lastWritten.set(lane, seen)
        return 0
      }
      const rejected = rejectedAfter(delivery, seen?.tail ?? BEGINNING)
      // Before the append, and once: the next tries have a later tail.
      if (tries === 1)
        await storeRejected(this.#parts, { lane, rejected, last: lastOf(delivery) }, nowMs)
      const attemptId = randomness.attemptId()
      const attempt = { attemptId, nowMs, deadlineMs }
      const { next, count, ...written } = await this.#prepare(seen, delivery, attempt)
      if (seen === undefined) await withRetries(clock, () => this.#partitions.use(lane))
      // B5: what the lane will name is stored first.
      await allOrFirstError(
        segmentsOf(written).map((one) => withRetries(clock, () => putSegment(store, one))),
      )
      const stored = await swapCounted(this.#parts, seen, next)
      if (stored?.by === attemptId) {
        if (written.block?.ref.combinedFor !== undefined) this.#parts.combined?.(count)
        this.#lastWritten.set(lane, stored)
        return count
      }
      await discardUnnamed(this.#parts, written, seen?.tail ?? BEGINNING, stored)
      seen = stored
      this.#isShared ||= known !== undefined
      await clock.sleep(pauseMs(tries, attemptId))
    }
    throw new MillraceError('STORE_FAILED', {
      problem: `Other processes append to lane ${lane} of ${source} all the time`,
      retryable: true,
      fix: 'let fewer functions append at the same time; the source delivers again',
    })
  }

  /** Whether a delivery has anything after the tail. */
  async #hasNew(delivery: LaneDelivery, seen: Lane | undefined): Promise<boolean> {
    const tail = seen?.tail ?? BEGINNING
    const last = lastOf(delivery)
    if (seen !== undefined && !isAfter(delivery.records[0]?.position ?? last, tail))
      await delivery.beforeDropping?.(seen)
    return isAfter(last, tail)
  }

  /**
   * The lane after the append, and the block and the page that it will name. Nothing is written
   * yet: a lane without room must leave no block behind, however often its source tries.
   */
  async #prepare(
    seen: Lane | undefined,
    delivery: LaneDelivery,
    { attemptId, nowMs, deadlineMs }: AppendTimes & { readonly attemptId: string },
  ): Promise<Written & { readonly next: Lane; readonly count: number }> {
    const { source } = this.#parts
    const { lane } = delivery
    const tail = seen?.tail ?? BEGINNING
    const fresh = delivery.records.filter(({ position }) => isAfter(position, tail))
    const last = lastOf(delivery)
    const deadLetters = rejectedAfter(delivery, tail).length
    const request = { lane, records: fresh, rejected: deadLetters, deadlineMs }
    const mayCombine = delivery.isReplayable === true && !this.#hasFailed
    const block =
      fresh.length === 0 ? undefined : await this.#blocks.name(request, attemptId, mayCombine)
    const entry = entryOf(fresh, block?.ref, { last, deadLetters, receivedMs: nowMs })
    const feeder = feederAfter(delivery, seen)
    const addition = { lane, entry, by: attemptId, ...(feeder === undefined ? {} : { feeder }) }
    const { written: page, ...queue } = await this.#queue.with(seen, addition)
    const next: Lane = {
      source,
      lane,
      tail: last,
      by: attemptId,
      parents: seen?.parents ?? (await ancestorsOf(this.#parts, delivery)),
      ...queue,
      ...(feeder === undefined ? {} : { feeder }),
    }
    return {
      next,
      count: fresh.length,
      ...(block === undefined ? {} : { block }),
      ...(page === undefined ? {} : { page }),
    }
  }

  /**
   * B12: after the append, never before it. A wake that is refused is tried again: the head may
   * have changed, and still rest. A source that has left in the meantime may have been read for the
   * last time before the append, so its records are not acknowledged.
   */
  async #wakeHead(): Promise<void> {
    const { clock, store, source, woke } = this.#parts
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      const head = await withRetries(clock, () => this.#heads.read())
      this.#queue.saw(head)
      this.#hasFailed = head?.status === 'failed'
      if (head === undefined) return woke?.(undefined)
      if (!head.sources.includes(source)) throw unknownSource(source, head.sources)
      if (head.status !== 'rest') return
      const wakeMs = sharedNow(store, clock)
      if (await withRetries(clock, () => wake(this.#heads, head, wakeMs)))
        return woke?.({ ...head, status: 'running', wakeMs })
    }
    throw new MillraceError('STORE_FAILED', {
      problem: `Other processes change the head of ${this.#parts.app} all the time`,
      retryable: true,
      fix: 'nothing: the source delivers again',
    })
  }
}
