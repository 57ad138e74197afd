/**
 * The driver runs the batches of one application, one after another: allocate, log, run, commit.
 *
 *   read head and lanes -> lease + log (B2) -> read records, run outputs (B4), write segments -> commit (B5)
 *                          one conditional     nothing of this is true yet                       one conditional
 *                          write                                                                 write
 *
 * B2  No output starts before the log is acknowledged. A batch that is already logged keeps its time and its cut.
 * B3  Live state is replaced by one's own commit only, and thrown away after a failed or doubtful attempt.
 * B4  Outputs happen between log and commit, under the fence (generation, epoch).
 * B6  Batches commit in the order of their times.
 * B9  A failing batch stops the line, not the intake.
 * B10 A higher generation adopts by compare-and-set when the state fits; a lower one never runs.
 *
 * Any number of drivers may run at once: all but one are refused by the head. Time is read once a step, and decides only when a batch runs.
 */
import { asMillraceError, invariant, MillraceError } from '../../base/errors.ts'
import { allOrFirstError } from '../../base/all-or-first-error.ts'
import type { FailureReason, Head } from '../../state/head.ts'
import type { ReadSegment } from '../../state/live-store.ts'
import { readSegment, segmentId } from '../../state/segments.ts'
import { currentHead } from './adopt.ts'
import { type BatchInput, loadPlan } from './batch-input.ts'
import {
  type Before,
  prepareBatch,
  type Prepared,
  readRecords,
  recordHistory,
  reconcileLosses,
} from './run.ts'
import { storeCommittedEpoch } from '../../state/dead-letters.ts'
import { Garbage } from './garbage.ts'
import { totalOf } from '../../state/history.ts'
import { HeadReader, type LanesBySource } from './head-reader.ts'
import { commitBatch, failBatch, logBatch, type LoggedAttempt } from './head-writes.ts'
import { lastManifest } from './last-manifest.ts'
import { LiveState } from '../../state/live-state.ts'
import { expectedAt, goToRest, wake } from './rest.ts'
import type { Outcome } from './outcome.ts'
import type { Runner } from '../runner.ts'
import { isExhausted, isLeaseHeld, nextBatchTime } from './schedule.ts'
import { settle } from '../retry.ts'
import { skewOf } from '../store-time.ts'
import type { SourceReader, SourceInput } from '../sources/source-reader.ts'

/** How to look for work. */
export interface DriveOptions {
  /** Does not look at the clock: while there is anything to process, runs batch times that are still to come, and retries at once. */
  readonly aheadOfClock?: boolean
  /** Stops between two batches. */
  readonly signal?: AbortSignal
  /** Asked between two batches: false stops. For invocations that are about to end. */
  readonly mayGoOn?: () => boolean
}

/** What one look at the world has shown. */
interface Sight {
  readonly seen: Head | undefined
  readonly nowMs: number
  readonly lanes: LanesBySource
  readonly aheadOfClock: boolean
}

const MOVED: Outcome = { kind: 'moved' }

/** The reason of a batch that nobody has given one: whoever ran it is gone without a word. */
const PROCESS_ENDED =
  'The process ended in the middle of the batch: it was killed, or had no memory or no time left'
/** What garbage may be left for. */
const CAN_WAIT: ReadonlySet<string> = new Set(['STORE_FAILED', 'ACCESS_DENIED', 'SEGMENT_MISSING'])

/** A clock that is further off runs no batches: one a day ahead would leave nothing to do for a day. Safety does not rest on it. */
const SKEW_MS_MAX = 2_000

/** Runs the batches of one application. Keeps the live state between calls: make one and keep it. */
export class Driver {
  readonly #runner: Runner
  readonly #garbage: Garbage
  readonly #heads: HeadReader
  #before: Before | undefined
  #sweepIsDue = true
  #hasRested = false

  constructor(runner: Runner) {
    this.#runner = runner
    this.#garbage = new Garbage(runner.store, runner.app)
    this.#heads = new HeadReader(runner)
  }

  /**
   * Runs every batch that is due, in order, and says what to wait for then.
   *
   * @throws MillraceError `PLAN_INCOMPATIBLE` when the store's state does not fit the plan; `QUEUE_NOT_RECOVERABLE`; what the store or a
   * source throws while nothing is logged. A batch that fails is an outcome, not an error.
   */
  async run(options: DriveOptions = {}): Promise<Outcome> {
    this.#heads.wrote(undefined)
    for (;;) {
      this.#hasRested = false
      const outcome = await this.#step(options)
      if (outcome.kind !== 'moved' || options.signal?.aborted === true) return outcome
      // B12: who has put the head to rest looks again, however little time is left. A tick for somebody else to do so may be lost.
      if (options.mayGoOn?.() === false && !this.#hasRested) return outcome
    }
  }

  async #step(options: DriveOptions): Promise<Outcome> {
    const { head: seen, lanes } = await this.#heads.look()
    const nowMs = this.#runner.clock.now()
    const skewMs = skewOf(this.#runner.store, nowMs)
    if (Math.abs(skewMs) > SKEW_MS_MAX) return { kind: 'skewed', skewMs }
    try {
      return await this.#look({ seen, nowMs, lanes, aheadOfClock: options.aheadOfClock === true })
    } catch (error) {
      // B11: a segment that is not there means that this runner is behind, unless the head still is what it was.
      if (!(error instanceof MillraceError && error.code === 'SEGMENT_MISSING')) throw error
      const now = await settle(this.#runner.clock, () => this.#runner.heads.read())
      if (seen?.epoch === now?.epoch && nameOf(seen?.manifest) === nameOf(now?.manifest))
        throw error
      return MOVED
    }
  }

  async #look(sight: Sight): Promise<Outcome> {
    const { seen, nowMs, aheadOfClock } = sight
    const head = await currentHead(this.#runner, seen, nowMs)
    if (head === undefined) return MOVED
    if (head.generation > this.#runner.generation)
      return { kind: 'superseded', generation: head.generation }
    if (isLeaseHeld(head, nowMs, this.#runner.leaseMs))
      return { kind: 'busy', untilMs: head.leaseEndMs }
    if (head.status === 'failed') return { kind: 'failed', reason: head.reason as FailureReason }
    const before = await this.#warmUp(head)
    if (head.status === 'rest') return this.#wakeIfNeeded(head, before, nowMs, aheadOfClock)
    return head.logged === undefined
      ? this.#startNext(head, before, sight)
      : this.#tryAgain(head, before, nowMs, aheadOfClock)
  }

  /** The state as of the head's manifest: from memory while nobody else has committed, else from the store. */
  async #warmUp(head: Head): Promise<Before> {
    const { store, app, plan, clock } = this.#runner
    if (this.#before !== undefined && nameOf(this.#before.manifestRef) === nameOf(head.manifest))
      return this.#before
    this.#goCold()
    const manifest = await lastManifest(this.#runner, head)
    const read: ReadSegment = async (segment) =>
      settle(clock, () => readSegment(store, app, segment))
    this.#before = {
      manifest,
      manifestRef: head.manifest,
      state: await LiveState.load(plan, manifest, read),
    }
    return this.#before
  }

  /** B3: after a failed or doubtful attempt nothing in memory is trusted. */
  #goCold(): void {
    this.#before = undefined
    this.#garbage.forget()
    this.#sweepIsDue = true
  }

  async #wakeIfNeeded(
    head: Head,
    before: Before,
    nowMs: number,
    aheadOfClock: boolean,
  ): Promise<Outcome> {
    const waitingMs = await this.#waitingSince(head, before, nowMs)
    const expectedMs = expectedAt(head)
    const horizonMs = aheadOfClock
      ? Math.max(nowMs, nextBatchTime({ ...head, wakeMs: 0 }, this.#runner.plan.options.intervalMs))
      : nowMs
    // What is only expected waits for the clock, also where records do not.
    const isDue = (waitingMs ?? Infinity) <= horizonMs || (expectedMs ?? Infinity) <= nowMs
    const sinceMs = Math.min(waitingMs ?? Infinity, expectedMs ?? Infinity)
    if (!isDue)
      return sinceMs === Infinity
        ? { kind: 'idle', dueMs: undefined }
        : { kind: 'idle', dueMs: sinceMs, isResting: true }
    // What says itself when it came (a file) belongs to the batch time after that; all else to the next one from now.
    const wakeMs = sinceMs === -Infinity ? nowMs : sinceMs
    if (await wake(this.#runner.heads, head, wakeMs)) this.#runner.listen({ event: 'wake', wakeMs })
    return MOVED
  }

  /** Since when something has been waiting in any source; undefined: nothing is. */
  async #waitingSince(head: Head, before: Before, nowMs: number): Promise<number | undefined> {
    const { sources } = this.#runner
    const since = await allOrFirstError(
      [...sources].map(([id, source]) =>
        source.waiting({ cut: before.manifest.cuts[id], startedMs: head.startedMs, nowMs }),
      ),
    )
    const known = since.filter((ms) => ms !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }

  async #startNext(
    head: Head,
    before: Before,
    { nowMs, aheadOfClock, lanes }: Sight,
  ): Promise<Outcome> {
    const { options } = this.#runner.plan
    const timeMs = nextBatchTime(head, options.intervalMs)
    if (timeMs > nowMs && !aheadOfClock) return { kind: 'idle', dueMs: timeMs }
    if (aheadOfClock) {
      const sinceMs = await this.#waitingSince(head, before, nowMs)
      if (sinceMs === undefined || sinceMs > Math.max(timeMs, nowMs))
        return { kind: 'idle', dueMs: sinceMs }
    }
    const plan = await this.#allocate(head, before, timeMs, lanes)
    return this.#attempt(head, before, plan, nowMs)
  }

  /** Decides what belongs to a batch. Nothing has happened yet: what is decided here is true once it is logged. */
  async #allocate(
    head: Head,
    before: Before,
    timeMs: number,
    lanesBySource: LanesBySource,
  ): Promise<BatchInput> {
    const { limits } = this.#runner.plan.options
    const slices = await allOrFirstError(
      [...this.#runner.sources].map(
        async ([id, source]: [string, SourceReader]): Promise<[string, SourceInput]> => {
          const lanes = lanesBySource.get(id)
          const request = {
            timeMs,
            cut: before.manifest.cuts[id],
            limits,
            startedMs: head.startedMs,
          }
          return [
            id,
            await source.allocate({ ...request, ...(lanes === undefined ? {} : { lanes }) }),
          ]
        },
      ),
    )
    return { timeMs, slices: Object.fromEntries(slices) }
  }

  async #tryAgain(
    head: Head,
    before: Before,
    nowMs: number,
    aheadOfClock: boolean,
  ): Promise<Outcome> {
    const logged = head.logged as NonNullable<Head['logged']>
    const reason = head.reason ?? { code: 'BATCH_FAILED', message: PROCESS_ENDED }
    if (isExhausted(logged, nowMs, this.#runner.plan.options.retry)) {
      const answer = await this.#runner.heads.swap(
        head,
        ['epoch', 'owner', 'generation', 'status', 'logged'],
        {
          ...head,
          status: 'failed',
          owner: undefined,
          leaseEndMs: 0,
          reason,
        },
      )
      if (answer.swapped) this.#runner.listen({ event: 'failed', timeMs: logged.timeMs, ...reason })
      return MOVED
    }
    if (logged.retryMs > nowMs && !aheadOfClock)
      return { kind: 'retry', atMs: logged.retryMs, reason }
    const plan = await loadPlan(this.#runner.store, this.#runner.app, logged.plan)
    invariant(
      'B2',
      plan.timeMs === logged.timeMs,
      `the head logs ${logged.timeMs} and its plan says ${plan.timeMs}`,
    )
    return this.#attempt(head, before, plan, nowMs)
  }

  async #attempt(head: Head, before: Before, plan: BatchInput, nowMs: number): Promise<Outcome> {
    // Records are read while the batch is being logged: that changes nothing, and is for nothing if the log is refused.
    const [logged, [records]] = await allOrFirstError([
      logBatch(this.#runner, head, plan, nowMs),
      Promise.allSettled([readRecords(this.#runner, plan)]),
    ])
    if (logged === undefined) return MOVED
    let attempt = logged
    const known = totalOf(plan, 'records')
    const delayMs = Math.max(0, nowMs - plan.timeMs)
    this.#runner.listen({
      event: 'batchStarted',
      timeMs: plan.timeMs,
      attempt: attempt.number,
      records: known,
      delayMs,
    })
    try {
      if (records.status === 'rejected') throw records.reason
      const read = await reconcileLosses(this.#runner, attempt, records.value)
      // B2: what is logged by now may be less, and a failure must not bring back the rest.
      attempt = read?.attempt ?? attempt
      const [prepared] = await allOrFirstError([
        read === undefined ? Promise.resolve(undefined) : prepareBatch(this.#runner, read, before),
        this.#collectGarbage(attempt, before),
      ])
      const committed =
        prepared && (await commitBatch(this.#runner, prepared.attempt, prepared.manifestRef))
      if (prepared === undefined || committed === undefined) {
        this.#goCold()
        return MOVED
      }
      return await this.#afterCommit(committed, before, prepared, nowMs)
    } catch (error) {
      this.#goCold()
      return this.#failed(attempt, error, nowMs)
    }
  }

  /** Best effort: what is not deleted now is found by the next sweep. */
  async #collectGarbage(attempt: LoggedAttempt, before: Before): Promise<void> {
    try {
      await this.#garbage.collect()
      if (this.#sweepIsDue)
        await this.#garbage.sweep(this.#runner.plan, attempt.head, before.manifest)
      this.#sweepIsDue = false
    } catch (error) {
      this.#sweepIsDue = true
      if (!(error instanceof MillraceError && CAN_WAIT.has(error.code))) throw error
    }
  }

  async #afterCommit(
    head: Head,
    before: Before,
    prepared: Prepared,
    startedMs: number,
  ): Promise<Outcome> {
    prepared.drafts.settle()
    this.#garbage.retire(before.manifest, prepared.manifest, prepared.used)
    this.#before = {
      manifest: prepared.manifest,
      manifestRef: prepared.manifestRef,
      state: before.state,
    }
    await recordHistory(this.#runner, prepared, this.#runner.clock.now() - startedMs)
    const { plan, heads, store, app, clock } = this.#runner
    await settle(clock, () => storeCommittedEpoch(store, app, prepared.manifest))
    const { mayRest, manifest } = prepared
    const rested = mayRest
      ? await goToRest(heads, head, manifest, plan.options.intervalMs)
      : undefined
    if (rested !== undefined) this.#runner.listen({ event: 'rest', timeMs: head.doneMs })
    this.#hasRested = rested !== undefined
    // Somebody was faster than the rest: then only a read tells how things are.
    this.#heads.wrote(mayRest ? rested : head)
    return MOVED
  }

  async #failed(attempt: LoggedAttempt, cause: unknown, nowMs: number): Promise<Outcome> {
    const error = asMillraceError(cause, 'BATCH_FAILED', {
      problem: `The batch at ${attempt.plan.timeMs} ms failed`,
    })
    const reason = { code: error.code, message: error.message }
    const head = await failBatch(this.#runner, attempt, reason, nowMs)
    // Refused: somebody else has the lease, and whatever went wrong here may have come of that.
    if (head === undefined) return MOVED
    const { timeMs } = attempt.plan
    const retryMs = head.logged?.retryMs ?? nowMs
    this.#runner.listen(
      head.status === 'failed'
        ? { event: 'failed', timeMs, ...reason }
        : { event: 'batchFailed', timeMs, attempt: attempt.number, ...reason, retryMs },
    )
    return head.status === 'failed'
      ? { kind: 'failed', reason }
      : { kind: 'retry', atMs: retryMs, reason }
  }
}

const nameOf = (ref: Head['manifest']): string => (ref === undefined ? '' : segmentId(ref))
