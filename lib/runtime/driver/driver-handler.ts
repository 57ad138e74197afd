/**
 * The driver as a function. It runs due batches until the invocation must end, and schedules its
 * next calls. When it answers, nothing is running any more. A batch that does not fit into the rest
 * of an invocation hands on what it has done: see hand-on.ts.
 *
 *   invocation   |-- starts batches --|-- finishes the last one --|
 *   lease                           |---------- ends with the invocation ------- + margin -->
 */
import { MillraceError } from '../../base/errors.ts'
import { Driver } from './driver.ts'
import type { Outcome } from './outcome.ts'
import type { Runner } from '../runner.ts'
import { lagOf } from './lag.ts'
import { type Trigger, triggersAfter } from './triggers.ts'

/** What the function needs, for as long as its process lives. */
export interface DriverHandlerParts {
  /** The duration of its leases must be {@link leaseMsFor} of `timeoutMs`. */
  readonly runner: Runner
  /** The time-out of an invocation. */
  readonly timeoutMs: number
  /** Sends triggers to this function, each at its time. */
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
}

/** One invocation. */
export interface DriverCall {
  readonly triggers: readonly Trigger[]
  /** The time until the platform ends the invocation. */
  readonly remainingMs: () => number
}

/** Runs what is due. */
export type DriverHandler = (call: DriverCall) => Promise<Outcome>

/** Added to leases: the platform ends an invocation a little late, and two clocks may differ. */
export const LEASE_MARGIN_MS = 3_000

/** The duration of leases for a function with this time-out. */
export const leaseMsFor = (timeoutMs: number): number => timeoutMs + LEASE_MARGIN_MS

/**
 * With less than this share of the time-out left, the driver starts no further batch. A batch that
 * needs more time gets a new invocation. So each batch has at least this share, and takes no more
 * input than fits into it.
 */
const SHARE_LEFT = 1 / 2

/** The longest time that an invocation waits for async listeners. */
const LISTENERS_MS_MAX = 2_000

/**
 * A trigger may arrive early by at most this, because clocks differ. The driver then waits until
 * the batch is due.
 */
const EARLY_MS_MAX = 2_000

/**
 * Makes the handler. Live state stays between invocations. The handler rejects with the error of
 * the driver, and then the queue delivers the triggers again. A failed batch is not a rejection:
 * the handler schedules a trigger for its retry.
 */
export const driverHandler = ({
  runner,
  timeoutMs,
  scheduleTriggers,
}: DriverHandlerParts): DriverHandler => {
  const { clock, plan, app } = runner
  let endMs = 0
  let remainingMs: DriverCall['remainingMs'] = () => 0
  const driver = new Driver({
    ...runner,
    leaseEndMs: () => endMs + LEASE_MARGIN_MS,
    invocation: { timeoutMs, remainingMs: () => remainingMs() },
    batchMsMax: timeoutMs * SHARE_LEFT,
  })

  const runDue = async ({ triggers }: DriverCall): Promise<Outcome> => {
    const mayGoOn = (): boolean => remainingMs() > timeoutMs * SHARE_LEFT
    for (;;) {
      const outcome = await driver.run({ mayGoOn })
      const waitMs =
        outcome.kind === 'idle' && outcome.dueMs !== undefined
          ? outcome.dueMs - clock.now()
          : Infinity
      const isMeant = triggers.some(
        ({ atMs }) => atMs !== undefined && atMs >= clock.now() + waitMs,
      )
      if (!isMeant || waitMs > EARLY_MS_MAX || !mayGoOn()) return outcome
      await clock.sleep(Math.max(waitMs, 1))
    }
  }

  // This comes first: the lag must be reported even if a batch kills this process.
  const tellLag = async (): Promise<void> => {
    try {
      runner.listen({ event: 'lag', ...(await lagOf(runner)) })
    } catch {
      // If the store cannot be read, the batches fail too, and they report the error.
    }
  }

  return async (call) => {
    checkApp(app, call.triggers)
    remainingMs = call.remainingMs
    endMs = clock.now() + remainingMs()
    if (call.triggers.some(({ scheduleMinute }) => scheduleMinute === true)) await tellLag()
    const outcome = await runDue(call)
    // When this has answered, the process is frozen.
    await runner.listeners?.settled(Math.min(LISTENERS_MS_MAX, call.remainingMs() / 2))
    const next = triggersAfter({
      app,
      outcome,
      nowMs: clock.now(),
      intervalMs: plan.options.intervalMs,
      triggers: call.triggers,
    })
    if (next.length > 0) await scheduleTriggers(next)
    return outcome
  }
}

const checkApp = (app: string, triggers: readonly Trigger[]): void => {
  const other = triggers.find((trigger) => trigger.app !== app)
  if (other === undefined) return
  throw new MillraceError('EVENT_INVALID', {
    problem: `A trigger for another application arrived at "${app}"`,
    value: other.app,
    allowed: app,
    fix: 'give each application its own queue of triggers',
  })
}
