/**
 * All roles in one process: receivers feed intake, and the driver runs due batches. Uses ports
 * only, so the same loop runs on a laptop and in a test without real time.
 *
 * The loop sleeps until the next of these:
 *
 * - the next batch time
 * - a retry
 * - an append while the head is at rest
 * - the next poll of a polled source
 *
 * Waking too often costs a read of the head. Waking too late delays a batch. Neither changes what
 * is in a batch.
 */
import { gridTimeAtOrAfter } from '../../base/batch-time.ts'
import { isMillraceError } from '../../base/errors.ts'
import type { FedSource } from '../compose.ts'
import type { FailureReason } from '../../state/head.ts'
import { Driver } from '../driver/driver.ts'
import type { Outcome } from '../driver/outcome.ts'
import type { WaitingKeys } from '../driver/to-the-end.ts'
import type { RuntimeEvent } from '../events.ts'
import { superviseFeed } from '../intake/feed-supervisor.ts'
import { superviseReceiver } from '../intake/receiver-supervisor.ts'
import { Intake } from '../intake/intake.ts'
import { ReceiverEvents } from '../listening/receiver-events.ts'
import type { Runner } from '../runner.ts'
import { Sleeper } from './sleeper.ts'

/** What to run, and until when. */
export interface LocalRun {
  readonly runner: Runner
  readonly receivers: readonly FedSource[]
  /** Ends when all input has been processed and all receivers have ended. */
  readonly once: boolean
  /** With `once`: lets time run on until no key waits for a time-out. Default: true. */
  readonly untilIdle?: boolean
  /** Ends the run after the running batch. */
  readonly signal: AbortSignal
}

/** How a run ended. */
export type LocalEnd =
  /** `waiting`: keys that still wait for a time-out. */
  | { readonly kind: 'done'; readonly waiting?: WaitingKeys }
  | { readonly kind: 'stopped' }
  /**
   * The batch stays logged. `final`: no run tries it again until an operator resumes the
   * application. Otherwise the next run tries it again.
   */
  | { readonly kind: 'failed'; readonly final: boolean; readonly reason: FailureReason }
  | { readonly kind: 'superseded'; readonly generation: number }

/** A temporary error keeps the driver from working. */
type Hindered = { readonly kind: 'hindered' }

/** The longest sleep. Limited, so that a correction of the clock cannot delay the loop for long. */
const SLEEP_MS_MAX = 60_000

/** The longest time that the end of a run waits for async listeners. */
const LISTENERS_MS_MAX = 2_000

/** A wait for a batch time that is longer than this is said, so that nobody thinks it hangs. */
const SILENT_MS_MAX = 2_000

/**
 * Runs a pipeline until it is stopped, has failed, or, with `once`, is done.
 *
 * @throws MillraceError errors of the driver or a receiver that are not temporary, such as
 * `PLAN_INCOMPATIBLE` and `STORE_FULL`. With `once` also `DIRECTORY_MISSING` and `STORE_FAILED`.
 */
export const runLocal = async (parts: LocalRun): Promise<LocalEnd> => {
  const loop = new LocalLoop(parts)
  const wake = (): void => loop.wake()
  parts.signal.addEventListener('abort', wake, { once: true })
  const ending = new AbortController()
  const receiving = parts.receivers.map((receiver) => loop.receive(receiver, ending.signal))
  try {
    return await loop.run()
  } finally {
    parts.signal.removeEventListener('abort', wake)
    ending.abort()
    await Promise.all(receiving)
    await parts.runner.listeners?.settled(LISTENERS_MS_MAX)
    parts.runner.listeners?.close()
  }
}

class LocalLoop {
  readonly #parts: LocalRun
  readonly #runner: Runner
  readonly #driver: Driver
  readonly #sleeper: Sleeper
  /** Whether some source must be polled, because it does not call when input arrives. */
  readonly #polls: boolean
  #receiving: number
  #fault: { readonly error: unknown } | undefined
  #warned = ''
  #lastWasEmpty = false
  #saidWaiting = false
  #saidDue = false

  constructor(parts: LocalRun) {
    this.#parts = parts
    this.#runner = { ...parts.runner, listen: (event) => this.#listen(event) }
    this.#driver = new Driver(this.#runner)
    this.#sleeper = new Sleeper(parts.runner.clock)
    this.#polls = [...parts.runner.sources.values()].some(({ isPolled }) => isPolled)
    this.#receiving = parts.receivers.length
  }

  wake(): void {
    this.#sleeper.wake()
  }

  /** Runs the receiver of one source. Never rejects: an error ends the run. */
  async receive({ source, receiver, feed }: FedSource, signal: AbortSignal): Promise<void> {
    const { app, store, clock, randomness, plan, listeners } = this.#runner
    const events = new ReceiverEvents(listeners, source)
    const listen = (event: RuntimeEvent): void => {
      this.#runner.listen(event)
      events.reported(event)
    }
    events.started()
    try {
      const intake = new Intake({
        app,
        source,
        store,
        clock,
        randomness,
        limits: plan.options.limits,
        deadLettersKeptMs: plan.options.deadLettersKeptMs,
      })
      const supervised = { intake, source, clock, listen, signal, appended: () => this.wake() }
      const how = { signal, untilEnd: this.#parts.once }
      await receiver?.run(await superviseReceiver(supervised), how)
      await feed?.run(superviseFeed({ ...supervised, store, app }), how)
    } catch (error) {
      if (!signal.aborted) this.#fault ??= { error }
    }
    events.stopped()
    this.#receiving -= 1
    this.wake()
  }

  async run(): Promise<LocalEnd> {
    for (;;) {
      if (this.#fault !== undefined) throw this.#fault.error
      if (this.#parts.signal.aborted) return { kind: 'stopped' }
      // While records still arrive, the clock decides when a batch is due. Otherwise each record
      // would be a batch of its own.
      const hasAll = this.#parts.once && this.#receiving === 0
      this.#sleeper.forget()
      const outcome = await this.#drive(hasAll)
      const end = this.#endOf(outcome, hasAll)
      if (end?.kind === 'done') await this.#noteLeftOut()
      if (end !== undefined) return end
      this.#noteWaiting(outcome)
      this.#noteDue(outcome)
      await this.#pause(outcome)
    }
  }

  async #noteLeftOut(): Promise<void> {
    for (const left of await this.#driver.leftOut())
      this.#runner.listen({ event: 'leftOut', ...left })
  }

  async #drive(aheadOfClock: boolean): Promise<Outcome | Hindered> {
    const { signal, untilIdle = true } = this.#parts
    try {
      const outcome = await this.#driver.run({ aheadOfClock, untilIdle, signal })
      this.#warned = ''
      return outcome
    } catch (error) {
      if (this.#parts.once || !(isMillraceError(error) && error.retryable)) throw error
      if (this.#warned !== error.message)
        this.#runner.listen({ event: 'warning', code: error.code, message: error.message })
      this.#warned = error.message
      return { kind: 'hindered' }
    }
  }

  #endOf(outcome: Outcome | Hindered, hasAll: boolean): LocalEnd | undefined {
    if (outcome.kind === 'superseded') return outcome
    if (outcome.kind === 'failed') return { kind: 'failed', final: true, reason: outcome.reason }
    if (outcome.kind === 'retry' && this.#parts.once)
      return { kind: 'failed', final: false, reason: outcome.reason }
    if (outcome.kind !== 'idle' || !hasAll) return undefined
    return { kind: 'done', ...(outcome.waiting === undefined ? {} : { waiting: outcome.waiting }) }
  }

  async #pause(outcome: Outcome | Hindered): Promise<void> {
    const nowMs = this.#runner.clock.now()
    const untilMs = this.#wakeUpMs(outcome, nowMs)
    const isResting =
      outcome.kind === 'idle' && (outcome.dueMs === undefined || outcome.isResting === true)
    if (isResting) return this.#sleeper.sleep(Math.min(untilMs - nowMs, SLEEP_MS_MAX))
    // An append wakes the loop only when the head is at rest. Otherwise the next batch takes it at
    // its time.
    await this.#sleepThrough(nowMs, Math.min(untilMs, nowMs + SLEEP_MS_MAX))
  }

  async #sleepThrough(fromMs: number, untilMs: number): Promise<void> {
    for (;;) {
      this.#sleeper.forget()
      if (this.#parts.signal.aborted || this.#fault !== undefined) return
      const nowMs = this.#runner.clock.now()
      // `nowMs < fromMs`: the clock was set back, and the rest of the sleep is unknown.
      if (nowMs >= untilMs || nowMs < fromMs) return
      await this.#sleeper.sleep(untilMs - nowMs)
    }
  }

  #wakeUpMs(outcome: Outcome | Hindered, nowMs: number): number {
    const nextLookMs = gridTimeAtOrAfter(nowMs + 1, 0, this.#runner.plan.options.intervalMs)
    switch (outcome.kind) {
      case 'idle':
        return Math.min(outcome.dueMs ?? Infinity, this.#polls ? nextLookMs : Infinity)
      case 'retry':
        return outcome.atMs
      case 'busy':
        return Math.min(outcome.untilMs, nextLookMs)
      case 'hindered':
      case 'skewed':
        return nextLookMs
      default:
        return nowMs
    }
  }

  #noteWaiting(outcome: Outcome | Hindered): void {
    const waits = outcome.kind === 'idle' && (outcome.dueMs === undefined || this.#lastWasEmpty)
    if (!waits || this.#saidWaiting || this.#parts.once) return
    this.#saidWaiting = true
    this.#runner.listen({ event: 'waiting' })
  }

  #noteDue(outcome: Outcome | Hindered): void {
    if (this.#saidDue || outcome.kind !== 'idle' || outcome.isResting === true) return
    const inMs = (outcome.dueMs ?? 0) - this.#runner.clock.now()
    if (outcome.dueMs === undefined || inMs <= SILENT_MS_MAX) return
    this.#saidDue = true
    this.#runner.listen({ event: 'due', atMs: outcome.dueMs, inMs })
  }

  #listen(event: RuntimeEvent): void {
    if (event.event === 'batchCompleted') {
      this.#lastWasEmpty = event.records === 0 && event.objects === 0
      if (!this.#lastWasEmpty) this.#saidWaiting = false
    }
    this.#parts.runner.listen(event)
  }
}
