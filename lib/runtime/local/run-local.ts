/**
 * All roles in one process: receivers feed intake, and the driver runs whatever is due. Only ports
 * in here, so the same loop runs on a laptop and in a test without real time.
 *
 *   sleep until: the next batch time | a retry | an append to a head at rest | the next look at a polled source
 *
 * Waking up too often costs a look at the head, and too late delays a batch: nothing here decides
 * what is in one.
 */
import { gridTimeAtOrAfter } from '../../base/batch-time.ts'
import { MillraceError } from '../../base/errors.ts'
import type { FedSource } from '../compose.ts'
import type { FailureReason } from '../../state/head.ts'
import { Driver } from '../driver/driver.ts'
import type { Outcome } from '../driver/outcome.ts'
import type { RuntimeEvent } from '../events.ts'
import { superviseReceiver } from '../intake/receiver-supervisor.ts'
import { Intake } from '../intake/intake.ts'
import type { Runner } from '../runner.ts'
import { Sleeper } from './sleeper.ts'

/** What to run, and until when. */
export interface LocalRun {
  readonly runner: Runner
  readonly receivers: readonly FedSource[]
  /**
   * Ends when all there is has been processed; with receivers, when their sources have ended
   * besides.
   */
  readonly once: boolean
  /** Ends the run after the batch in flight. */
  readonly signal: AbortSignal
}

/** How a run ended. */
export type LocalEnd =
  | { readonly kind: 'done' }
  | { readonly kind: 'stopped' }
  /**
   * The batch stays logged. `final`: no run tries it again until a person resumes it; else the next
   * run does.
   */
  | { readonly kind: 'failed'; readonly final: boolean; readonly reason: FailureReason }
  | { readonly kind: 'superseded'; readonly generation: number }

/** Something passing keeps the driver from looking for work. */
type Hindered = { readonly kind: 'hindered' }

/** Sleeps are cut, so that a clock that was wrong and is set right delays nothing for long. */
const SLEEP_MS_MAX = 60_000

/**
 * Runs a pipeline until it is stopped, has failed, or, with `once`, is done.
 *
 * @throws MillraceError what the driver or a receiver threw and time does not mend:
 * `PLAN_INCOMPATIBLE`, `STORE_FULL` and others; with `once` also `DIRECTORY_MISSING` and
 * `STORE_FAILED`.
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
  }
}

class LocalLoop {
  readonly #parts: LocalRun
  readonly #runner: Runner
  readonly #driver: Driver
  readonly #sleeper: Sleeper
  /** Some source has to be looked at: nobody tells when there is something in it. */
  readonly #polls: boolean
  #receiving: number
  #fault: { readonly error: unknown } | undefined
  #warned = ''
  #lastWasEmpty = false
  #saidWaiting = false

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

  /** Feeds one source. Never rejects: what goes wrong ends the run. */
  async receive({ source, receiver }: FedSource, signal: AbortSignal): Promise<void> {
    const { app, store, clock, randomness, plan, listen } = this.#runner
    try {
      const intake = new Intake({
        app,
        source,
        store,
        clock,
        randomness,
        limits: plan.options.limits,
      })
      const sink = await superviseReceiver({
        intake,
        source,
        clock,
        listen,
        signal,
        appended: () => this.wake(),
      })
      await receiver.run(sink, { signal, untilEnd: this.#parts.once })
    } catch (error) {
      if (!signal.aborted) this.#fault ??= { error }
    }
    this.#receiving -= 1
    this.wake()
  }

  async run(): Promise<LocalEnd> {
    for (;;) {
      if (this.#fault !== undefined) throw this.#fault.error
      if (this.#parts.signal.aborted) return { kind: 'stopped' }
      // While records still arrive the clock says when a batch is due, or each would be a batch of
      // its own.
      const hasAll = this.#parts.once && this.#receiving === 0
      this.#sleeper.forget()
      const outcome = await this.#drive(hasAll)
      const end = this.#endOf(outcome, hasAll)
      if (end !== undefined) return end
      this.#noteWaiting(outcome)
      await this.#pause(outcome)
    }
  }

  async #drive(aheadOfClock: boolean): Promise<Outcome | Hindered> {
    try {
      const outcome = await this.#driver.run({ aheadOfClock, signal: this.#parts.signal })
      this.#warned = ''
      return outcome
    } catch (error) {
      if (this.#parts.once || !(error instanceof MillraceError && error.retryable)) throw error
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
    return outcome.kind === 'idle' && hasAll ? { kind: 'done' } : undefined
  }

  async #pause(outcome: Outcome | Hindered): Promise<void> {
    const nowMs = this.#runner.clock.now()
    const untilMs = this.#wakeUpMs(outcome, nowMs)
    const isResting =
      outcome.kind === 'idle' && (outcome.dueMs === undefined || outcome.isResting === true)
    if (isResting) return this.#sleeper.sleep(Math.min(untilMs - nowMs, SLEEP_MS_MAX))
    // An append calls at once only when the head is at rest: a batch that is to come takes it in at
    // its time.
    await this.#sleepThrough(nowMs, Math.min(untilMs, nowMs + SLEEP_MS_MAX))
  }

  async #sleepThrough(fromMs: number, untilMs: number): Promise<void> {
    for (;;) {
      this.#sleeper.forget()
      if (this.#parts.signal.aborted || this.#fault !== undefined) return
      const nowMs = this.#runner.clock.now()
      // Before the beginning: the clock was set back, and how long is left nobody knows.
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

  #listen(event: RuntimeEvent): void {
    if (event.event === 'batchCompleted') {
      this.#lastWasEmpty = event.records === 0 && event.objects === 0
      if (!this.#lastWasEmpty) this.#saidWaiting = false
    }
    this.#parts.runner.listen(event)
  }
}
