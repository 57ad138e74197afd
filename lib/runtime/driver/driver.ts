/**
 * The driver runs the batches of one application, one after another.
 *
 *   snapshot -> allocate -> log (B2) -> run, outputs (B4) -> commit (B5) -> rest, or the next one
 *                           one write   nothing is true     one write
 *                           of the head yet                 of the head
 *
 * This file is the loop: it reads a snapshot, names the state of the application, and acts on it.
 * Each phase has a file: adopt.ts, allocate.ts, log.ts, run.ts, commit.ts, rest.ts. attempt.ts
 * joins them.
 *
 * - B3: only a commit of this driver replaces its live state. After a failed or doubtful attempt,
 *   live state is thrown away.
 * - B6: batches commit in the order of their times.
 * - B9: a failing batch stops the line, not the intake.
 * - B10: a higher generation adopts by compare-and-set if the state fits. A lower one never runs.
 *
 * Any number of drivers may run at once: the head refuses all but one. Time is read once for each
 * snapshot. It decides only when a batch runs, never what is in it.
 */
import { milliseconds } from '../../base/duration.ts'
import { invariant, isMillraceError } from '../../base/errors.ts'
import type { FailureReason, Head } from '../../state/head.ts'
import { LiveState } from '../../state/live-state.ts'
import { readSegment, type ReadSegment, segmentId } from '../../state/segments.ts'
import { withRetries } from '../retry.ts'
import { leftAtStart } from '../tasks/state-places.ts'
import type { Runner } from '../runner.ts'
import type { LeftOut } from '../sources/source-reader.ts'
import { skewOf } from '../store-time.ts'
import { checkStates, currentHead } from './adopt.ts'
import { allocateBatch, leftOutBy, waitingSince } from './allocate.ts'
import { attemptBatch, type AttemptWorld } from './attempt.ts'
import { type BatchInput, loadBatchInput } from './batch-input.ts'
import { stopAsFailed } from './commit.ts'
import { Garbage } from './garbage.ts'
import { lastManifest, publishOutputs } from './last-manifest.ts'
import { type Outcome, PROGRESSED } from './outcome.ts'
import { Pace, reachedMs } from './pace.ts'
import { dueAtRest, wake } from './rest.ts'
import type { Before } from './write-states.ts'
import { LeftLanes } from './left-lanes.ts'
import { isExhausted, isLeaseHeld, isPaused, nextBatchTime } from './schedule.ts'
import { type LanesBySource, SnapshotReader } from './snapshot-reader.ts'
import {
  BATCHES_WITHOUT_INPUT_MAX,
  firstTimerMs,
  hasUnshownWindow,
  waitingKeys,
} from './to-the-end.ts'

/** Options of a run of the driver. */
export interface DriveOptions {
  /**
   * Do not wait for the clock. While there is input, run future batch times too, and retry without
   * a pause. Default: false.
   */
  readonly aheadOfClock?: boolean
  /**
   * With `aheadOfClock`: when there is no input any more, time runs on until every timer has fired.
   * Default: false.
   */
  readonly untilIdle?: boolean
  /** Stops between two batches. */
  readonly signal?: AbortSignal
  /** Called between two batches; false stops the run. For invocations that are about to end. */
  readonly mayGoOn?: () => boolean
}

/** What the driver knows after it has read a snapshot. */
interface Situation {
  readonly nowMs: number
  readonly aheadOfClock: boolean
  readonly untilIdle: boolean
  readonly lanes: LanesBySource
}

/** The failure reason of a batch if its process ended without writing one. */
const PROCESS_ENDED =
  'The process ended in the middle of the batch: it was killed, or it ran out of memory or time'

/**
 * A driver whose clock differs more from the store's runs no batches. Safety does not depend on
 * this.
 */
const SKEW_MS_MAX = 2_000

/**
 * Runs the batches of one application. Keeps live state between calls, so make one driver and reuse
 * it.
 */
export class Driver {
  readonly #runner: Runner
  readonly #snapshots: SnapshotReader
  readonly #world: AttemptWorld
  readonly #pace: Pace
  /** Number of batches that a run to the end has run without input. */
  #withoutInput = 0
  #before: Before | undefined
  #hasStarted = false

  constructor(runner: Runner) {
    this.#runner = runner
    this.#snapshots = new SnapshotReader(runner)
    this.#pace = new Pace(runner.plan.options.intervalMs, runner.listen)
    this.#world = {
      runner,
      snapshots: this.#snapshots,
      garbage: new Garbage(runner.store, runner.app),
      leftLanes: new LeftLanes(),
      hasRested: false,
      aheadOfClock: false,
    }
  }

  /**
   * Runs every batch that is due, in order. The outcome says what to wait for.
   *
   * @throws MillraceError `PLAN_INCOMPATIBLE` when the state in the store does not fit the plan.
   * `QUEUE_NOT_RECOVERABLE` when a queue in memory is gone. The errors of the store or a source,
   * while nothing is logged. A batch that fails is an outcome, not an error.
   */
  async run(options: DriveOptions = {}): Promise<Outcome> {
    this.#tellStart()
    this.#snapshots.wrote(undefined)
    this.#world.aheadOfClock = options.aheadOfClock ?? false
    for (;;) {
      this.#world.hasRested = false
      const outcome = await this.#advance(options)
      if (outcome.kind !== 'progressed' || options.signal?.aborted === true) return outcome
      // B12: a driver that put the head to rest must look again, however little time is left. A
      // trigger for another driver to do so may be lost.
      if (options.mayGoOn?.() === false && !this.#world.hasRested) return outcome
    }
  }

  #tellStart(): void {
    if (this.#hasStarted) return
    this.#hasStarted = true
    const { clock, listeners, plan } = this.#runner
    listeners?.tell('onStreamingStarted', () => ({
      time: clock.now(),
      name: plan.name,
      batchInterval: milliseconds(plan.options.intervalMs),
    }))
  }

  /** After a run to the end: what the sources see and no batch has taken. */
  async leftOut(): Promise<readonly (LeftOut & { readonly source: string })[]> {
    const head = await this.#runner.heads.read()
    if (head === undefined || this.#before === undefined) return []
    return leftOutBy(this.#runner, head, this.#before.manifest, this.#runner.clock.now())
  }

  /** Reads a snapshot and takes the next step. */
  async #advance({ aheadOfClock = false, untilIdle = false }: DriveOptions): Promise<Outcome> {
    const { head, lanes } = await this.#snapshots.read()
    const nowMs = this.#runner.clock.now()
    const skewMs = skewOf(this.#runner.store, nowMs)
    if (Math.abs(skewMs) > SKEW_MS_MAX) return { kind: 'skewed', skewMs }
    try {
      return await this.#actOn(head, {
        nowMs,
        lanes,
        aheadOfClock,
        untilIdle: aheadOfClock && untilIdle,
      })
    } catch (error) {
      // B11: a missing segment means that this driver is stale, unless the head has not moved. What
      // a head names is deleted under a later lease or by a command, and both have a new epoch.
      if (!(isMillraceError(error) && error.code === 'SEGMENT_MISSING')) throw error
      const now = await withRetries(this.#runner.clock, () => this.#runner.heads.read())
      if (head?.epoch === now?.epoch) throw error
      return PROGRESSED
    }
  }

  /** Finds the state of the application, and acts on it. */
  async #actOn(seen: Head | undefined, situation: Situation): Promise<Outcome> {
    const { nowMs } = situation
    const head = await currentHead(this.#runner, seen, nowMs)
    if (head === undefined) return PROGRESSED
    const { generation, leaseMs } = this.#runner
    if (head.generation > generation) return { kind: 'superseded', generation: head.generation }
    if (isLeaseHeld(head, nowMs, leaseMs)) return { kind: 'busy', untilMs: head.leaseEndMs }
    if (head.status === 'failed') return { kind: 'failed', reason: head.reason as FailureReason }
    if (!situation.aheadOfClock) this.#pace.check(reachedMs(head), nowMs)
    const before = await this.#loadState(head)
    if (head.status === 'rest') return this.#wakeIfDue(head, before, situation)
    return head.logged === undefined
      ? this.#startNext(head, before, situation)
      : this.#retryLogged(head, before, situation)
  }

  /** The state as of the manifest in the head: from memory, unless another driver has committed. */
  async #loadState(head: Head): Promise<Before> {
    const { store, app, plan, clock, logSettings } = this.#runner
    const isWarm =
      this.#before !== undefined && nameOf(this.#before.manifestRef) === nameOf(head.manifest)
    if (isWarm) return this.#before as Before
    this.#discardState()
    const manifest = await lastManifest(this.#runner, head)
    checkStates(this.#runner, head, manifest)
    await publishOutputs(this.#runner, manifest)
    const read: ReadSegment = async (segment) =>
      withRetries(clock, () => readSegment(store, app, segment))
    const state = await LiveState.load(plan, manifest, read, {
      log: logSettings,
      isAway: leftAtStart(this.#runner, manifest),
    })
    this.#before = { manifest, manifestRef: head.manifest, state }
    return this.#before
  }

  /** B3: after a failed or doubtful attempt, nothing in memory is trusted. */
  #discardState(): void {
    this.#before = undefined
    this.#world.garbage.forget()
  }

  async #wakeIfDue(
    head: Head,
    before: Before,
    { nowMs, aheadOfClock, untilIdle }: Situation,
  ): Promise<Outcome> {
    const waitingMs = await waitingSince(this.#runner, head, before.manifest, nowMs)
    const { intervalMs } = this.#runner.plan.options
    const due = dueAtRest(head, { waitingMs, nowMs, intervalMs, aheadOfClock, untilIdle })
    if (due.kind === 'idle') return aheadOfClock ? this.#atTheEnd(due, before) : due
    if (await wake(this.#runner.heads, head, due.wakeMs))
      this.#runner.listen({ event: 'wake', wakeMs: due.wakeMs })
    return PROGRESSED
  }

  async #startNext(head: Head, before: Before, situation: Situation): Promise<Outcome> {
    const { nowMs, aheadOfClock, lanes } = situation
    const timeMs = nextBatchTime(head, this.#runner.plan.options.intervalMs)
    const dueMs = this.#pace.dueMs(timeMs, reachedMs(head), nowMs)
    if (dueMs > nowMs && !aheadOfClock) return { kind: 'idle', dueMs }
    if (aheadOfClock) {
      const sinceMs = await waitingSince(this.#runner, head, before.manifest, nowMs)
      const hasInput = sinceMs !== undefined && sinceMs <= Math.max(timeMs, nowMs)
      if (!hasInput && !this.#runsOn(head, before, situation))
        return this.#atTheEnd({ kind: 'idle', dueMs: sinceMs }, before)
    }
    const times = { timeMs, nowMs }
    const all = await allocateBatch(this.#runner, head, before.manifest, times, lanes)
    const input = this.#world.leftLanes.without(all)
    this.#pace.started(nowMs)
    return this.#attempt(head, before, input, nowMs)
  }

  /** Whether a run to the end goes on without input. */
  #runsOn(head: Head, { manifest }: Before, { untilIdle }: Situation): boolean {
    const isDue =
      hasUnshownWindow(this.#runner.plan, manifest, head) ||
      (untilIdle && firstTimerMs(manifest) < Infinity)
    if (isDue) this.#withoutInput += 1
    return isDue && this.#withoutInput <= BATCHES_WITHOUT_INPUT_MAX
  }

  /** The end of a run to the end. */
  #atTheEnd(idle: Extract<Outcome, { kind: 'idle' }>, { manifest }: Before): Outcome {
    const waiting = waitingKeys(this.#runner.plan, manifest)
    return { ...idle, ...(waiting === undefined ? {} : { waiting }) }
  }

  async #retryLogged(
    head: Head,
    before: Before,
    { nowMs, aheadOfClock }: Situation,
  ): Promise<Outcome> {
    const logged = head.logged as NonNullable<Head['logged']>
    const reason = head.reason ?? { code: 'BATCH_FAILED', message: PROCESS_ENDED }
    if (isExhausted(logged, nowMs, this.#runner.plan.options.retry)) {
      if (await stopAsFailed(this.#runner, head, reason))
        this.#runner.listen({ event: 'failed', timeMs: logged.timeMs, ...reason })
      return PROGRESSED
    }
    if (isPaused(logged, nowMs) && !aheadOfClock)
      return { kind: 'retry', atMs: logged.retryMs, reason }
    const input = await loadBatchInput(this.#runner.store, this.#runner.app, logged.input)
    const isSame = input.timeMs === logged.timeMs
    invariant('B2', isSame, `the head logs ${logged.timeMs}, and its input says ${input.timeMs}`)
    return this.#attempt(head, before, input, nowMs)
  }

  /**
   * B3: until the attempt has succeeded, nothing in memory is trusted. The next step loads the
   * state again, and discards what is noted of garbage.
   */
  async #attempt(head: Head, before: Before, input: BatchInput, nowMs: number): Promise<Outcome> {
    this.#before = undefined
    const { outcome, after } = await attemptBatch(this.#world, head, before, input, nowMs)
    this.#before = after
    return outcome
  }
}

const nameOf = (ref: Head['manifest']): string => (ref === undefined ? '' : segmentId(ref))
