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
import { asMillraceError, invariant, MillraceError } from '../base/errors.ts'
import { together } from '../base/together.ts'
import type { FailureReason, Head } from '../state/head.ts'
import { emptyManifest, readManifest } from '../state/manifest.ts'
import { segmentId } from '../state/segments.ts'
import { currentHead } from './adopt.ts'
import { type BatchPlan, loadPlan } from './batch-plan.ts'
import { type Before, prepareBatch, type Prepared, readBatch, recordHistory } from './batch.ts'
import { Garbage } from './garbage.ts'
import { commitBatch, failBatch, logBatch, type LoggedAttempt } from './head-writes.ts'
import { LiveState } from './live-state.ts'
import { goToRest, wake } from './rest.ts'
import type { Runner } from './runner.ts'
import { isExhausted, isLeaseHeld, nextBatchTime } from './schedule.ts'
import { settle } from './settle.ts'
import { skewOf } from './store-time.ts'
import type { BatchSource, Slice } from './sources/batch-source.ts'

/** What came of looking for work. */
export type Outcome =
  /** Something has moved: look again. */
  | { readonly kind: 'moved' }
  /** Nothing is due before `dueMs`; undefined: at rest, until something comes. */
  | { readonly kind: 'idle'; readonly dueMs: number | undefined }
  /** Another runner holds the lease, at most until then. */
  | { readonly kind: 'busy'; readonly untilMs: number }
  /** A batch has failed and is tried again then. */
  | { readonly kind: 'retry'; readonly atMs: number; readonly reason: FailureReason }
  /** The application has stopped until a person resumes it. */
  | { readonly kind: 'failed'; readonly reason: FailureReason }
  /** This machine's clock is too far from the store's to say when a batch is due: another machine must run it. */
  | { readonly kind: 'skewed'; readonly skewMs: number }
  /** A newer deployment has the store. */
  | { readonly kind: 'superseded'; readonly generation: number }

/** How to look for work. */
export interface DriveOptions {
  /** Does not look at the clock: while there is anything to process, runs batch times that are still to come, and retries at once. */
  readonly aheadOfClock?: boolean
  /** Stops between two batches. */
  readonly signal?: AbortSignal
  /** Asked between two batches: false stops. For invocations that are about to end. */
  readonly mayGoOn?: () => boolean
}

const MOVED: Outcome = { kind: 'moved' }

/** A clock that is further off runs no batches: one a day ahead would leave nothing to do for a day. Safety does not rest on it. */
const SKEW_MS_MAX = 2_000

/** Runs the batches of one application. Keeps the live state between calls: make one and keep it. */
export class Driver {
  readonly #runner: Runner
  readonly #garbage: Garbage
  #before: Before | undefined
  #sweepIsDue = true

  constructor(runner: Runner) {
    this.#runner = runner
    this.#garbage = new Garbage(runner.store, runner.app)
  }

  /**
   * Runs every batch that is due, in order, and says what to wait for then.
   *
   * @throws MillraceError `PLAN_INCOMPATIBLE` when the store's state does not fit the plan; `QUEUE_NOT_RECOVERABLE`; what the store or a
   * source throws while nothing is logged. A batch that fails is an outcome, not an error.
   */
  async run(options: DriveOptions = {}): Promise<Outcome> {
    for (;;) {
      const outcome = await this.#step(options)
      if (outcome.kind !== 'moved' || options.signal?.aborted === true || options.mayGoOn?.() === false) return outcome
    }
  }

  async #step(options: DriveOptions): Promise<Outcome> {
    const seen = await settle(this.#runner.clock, () => this.#runner.heads.read())
    const nowMs = this.#runner.clock.now()
    const skewMs = skewOf(this.#runner.store, nowMs)
    if (Math.abs(skewMs) > SKEW_MS_MAX) return { kind: 'skewed', skewMs }
    try {
      return await this.#look(seen, nowMs, options)
    } catch (error) {
      // B11: a segment that is not there means that this runner is behind, unless the head still is what it was.
      if (!(error instanceof MillraceError && error.code === 'SEGMENT_MISSING')) throw error
      const now = await settle(this.#runner.clock, () => this.#runner.heads.read())
      if (seen?.epoch === now?.epoch && nameOf(seen?.manifest) === nameOf(now?.manifest)) throw error
      return MOVED
    }
  }

  async #look(seen: Head | undefined, nowMs: number, { aheadOfClock = false }: DriveOptions): Promise<Outcome> {
    const head = await currentHead(this.#runner, seen, nowMs)
    if (head === undefined) return MOVED
    if (head.generation > this.#runner.generation) return { kind: 'superseded', generation: head.generation }
    if (isLeaseHeld(head, nowMs, this.#runner.leaseMs)) return { kind: 'busy', untilMs: head.leaseEndMs }
    if (head.status === 'failed') return { kind: 'failed', reason: head.reason as FailureReason }
    const before = await this.#warmUp(head)
    if (head.status === 'rest') return this.#wakeIfNeeded(head, before, nowMs, aheadOfClock)
    return head.logged === undefined
      ? this.#startNext(head, before, nowMs, aheadOfClock)
      : this.#tryAgain(head, before, nowMs, aheadOfClock)
  }

  /** The state as of the head's manifest: from memory while nobody else has committed, else from the store. */
  async #warmUp(head: Head): Promise<Before> {
    const { store, app, plan, clock } = this.#runner
    if (this.#before !== undefined && nameOf(this.#before.manifestRef) === nameOf(head.manifest)) return this.#before
    this.#goCold()
    const { manifest: ref, zeroMs } = head
    const manifest = ref === undefined ? emptyManifest(zeroMs) : await settle(clock, () => readManifest(store, app, ref))
    this.#before = { manifest, manifestRef: ref, state: await settle(clock, () => LiveState.load(store, app, plan, manifest)) }
    return this.#before
  }

  /** B3: after a failed or doubtful attempt nothing in memory is trusted. */
  #goCold(): void {
    this.#before = undefined
    this.#garbage.forget()
    this.#sweepIsDue = true
  }

  async #wakeIfNeeded(head: Head, before: Before, nowMs: number, aheadOfClock: boolean): Promise<Outcome> {
    const sinceMs = await this.#waitingSince(head, before, nowMs)
    const horizonMs = aheadOfClock ? Math.max(nowMs, nextBatchTime(head, this.#runner.plan.options.intervalMs)) : nowMs
    if (sinceMs === undefined || sinceMs > horizonMs) return { kind: 'idle', dueMs: sinceMs }
    // What says itself when it came (a file) belongs to the batch time after that; all else to the next one from now.
    const wakeMs = sinceMs === -Infinity ? nowMs : sinceMs
    if (await wake(this.#runner.heads, head, wakeMs)) this.#runner.listen({ event: 'wake', wakeMs })
    return MOVED
  }

  /** Since when something has been waiting in any source; undefined: nothing is. */
  async #waitingSince(head: Head, before: Before, nowMs: number): Promise<number | undefined> {
    const { sources } = this.#runner
    const since = await together(
      [...sources].map(([id, source]) => source.waiting({ cut: before.manifest.cuts[id], startedMs: head.startedMs, nowMs })),
    )
    const known = since.filter((ms) => ms !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }

  async #startNext(head: Head, before: Before, nowMs: number, aheadOfClock: boolean): Promise<Outcome> {
    const { options } = this.#runner.plan
    const timeMs = nextBatchTime(head, options.intervalMs)
    if (timeMs > nowMs && !aheadOfClock) return { kind: 'idle', dueMs: timeMs }
    if (aheadOfClock) {
      const sinceMs = await this.#waitingSince(head, before, nowMs)
      if (sinceMs === undefined || sinceMs > Math.max(timeMs, nowMs)) return { kind: 'idle', dueMs: sinceMs }
    }
    const plan = await this.#allocate(head, before, timeMs)
    return this.#attempt(head, before, plan, nowMs)
  }

  /** Decides what belongs to a batch. Nothing has happened yet: what is decided here is true once it is logged. */
  async #allocate(head: Head, before: Before, timeMs: number): Promise<BatchPlan> {
    const { limits } = this.#runner.plan.options
    const slices = await together(
      [...this.#runner.sources].map(async ([id, source]: [string, BatchSource]): Promise<[string, Slice]> => {
        const cut = before.manifest.cuts[id]
        return [id, await source.allocate({ timeMs, cut, limits, startedMs: head.startedMs })]
      }),
    )
    return { timeMs, slices: Object.fromEntries(slices) }
  }

  async #tryAgain(head: Head, before: Before, nowMs: number, aheadOfClock: boolean): Promise<Outcome> {
    const logged = head.logged as NonNullable<Head['logged']>
    const reason = head.reason ?? { code: 'BATCH_FAILED', message: 'The process ended in the middle of the batch' }
    if (isExhausted(logged, nowMs, this.#runner.plan.options.retry)) {
      const answer = await this.#runner.heads.swap(head, ['epoch', 'owner', 'generation', 'status', 'next'], {
        ...head,
        status: 'failed',
        owner: undefined,
        leaseEndMs: 0,
        reason,
      })
      if (answer.swapped) this.#runner.listen({ event: 'failed', timeMs: logged.timeMs, ...reason })
      return MOVED
    }
    if (logged.retryMs > nowMs && !aheadOfClock) return { kind: 'retry', atMs: logged.retryMs, reason }
    const plan = await loadPlan(this.#runner.store, this.#runner.app, logged.plan)
    invariant('B2', plan.timeMs === logged.timeMs, `the head logs ${logged.timeMs} and its plan says ${plan.timeMs}`)
    return this.#attempt(head, before, plan, nowMs)
  }

  async #attempt(head: Head, before: Before, plan: BatchPlan, nowMs: number): Promise<Outcome> {
    let attempt = await logBatch(this.#runner, head, plan, nowMs)
    if (attempt === undefined) return MOVED
    const records = Object.values(plan.slices).reduce((total, slice) => total + slice.records, 0)
    this.#runner.listen({ event: 'batchStarted', timeMs: plan.timeMs, attempt: attempt.number, records })
    try {
      await this.#collectGarbage(attempt, before)
      const read = await readBatch(this.#runner, attempt)
      // B2: what is logged by now may be less, and a failure must not bring back the rest.
      attempt = read?.attempt ?? attempt
      const prepared = read && (await prepareBatch(this.#runner, read, before))
      const committed = prepared && (await commitBatch(this.#runner, prepared.attempt, prepared.manifestRef))
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
      if (this.#sweepIsDue) await this.#garbage.sweep(this.#runner.plan, attempt.head, before.manifest)
      this.#sweepIsDue = false
    } catch (error) {
      this.#sweepIsDue = true
      if (!(error instanceof MillraceError && (error.code === 'STORE_FAILED' || error.code === 'SEGMENT_MISSING'))) throw error
    }
  }

  async #afterCommit(head: Head, before: Before, prepared: Prepared, startedMs: number): Promise<Outcome> {
    prepared.drafts.settle()
    this.#garbage.retire(before.manifest, prepared.manifest, prepared.used)
    this.#before = { manifest: prepared.manifest, manifestRef: prepared.manifestRef, state: before.state }
    await recordHistory(this.#runner, prepared, this.#runner.clock.now() - startedMs)
    const { plan, heads } = this.#runner
    const mayRest = prepared.isIdle && plan.options.whenIdle === 'rest' && !plan.operators.some(({ node }) => node.changesItsMind)
    if (mayRest && (await goToRest(heads, head))) this.#runner.listen({ event: 'rest', timeMs: head.doneMs })
    return MOVED
  }

  async #failed(attempt: LoggedAttempt, cause: unknown, nowMs: number): Promise<Outcome> {
    const error = asMillraceError(cause, 'BATCH_FAILED', { problem: `The batch at ${attempt.plan.timeMs} ms failed` })
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
    return head.status === 'failed' ? { kind: 'failed', reason } : { kind: 'retry', atMs: retryMs, reason }
  }
}

const nameOf = (ref: Head['manifest']): string => (ref === undefined ? '' : segmentId(ref))
