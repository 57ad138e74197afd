/**
 * The driver as a function: runs what is due until the invocation's time is nearly over, and says
 * when to be called next. Nothing is running any more when it answers.
 *
 *   invocation   |-- runs batches --|-- the last one may go on --|
 *   lease                           |---------- ends with the invocation ------- + margin -->
 */
import { MillraceError } from '../../base/errors.ts'
import { Driver } from './driver.ts'
import type { Outcome } from './outcome.ts'
import type { Runner } from '../runner.ts'
import { lagMs } from './lag.ts'
import { type Trigger, triggersAfter } from './triggers.ts'

/** What the function works with, for as long as its process lives. */
export interface DriverHandlerParts {
  /** Its leases last for {@link leaseMsFor} the time-out. */
  readonly runner: Runner
  /** The longest that an invocation may take. */
  readonly timeoutMs: number
  /** Sends ticks to this function, each at its time. */
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
}

/** One invocation. */
export interface DriverCall {
  readonly triggers: readonly Trigger[]
  /** How long the platform leaves it still. */
  readonly remainingMs: () => number
}

/** Runs what is due. */
export type DriverHandler = (call: DriverCall) => Promise<Outcome>

/** An invocation is ended a little after its time, and two clocks agree within this. */
export const LEASE_MARGIN_MS = 3_000

/** How long the leases of a function with this time-out last. */
export const leaseMsFor = (timeoutMs: number): number => timeoutMs + LEASE_MARGIN_MS

/**
 * No further batch is begun with less than this share of the time-out left: a batch that needs more
 * gets a fresh invocation.
 */
const SHARE_LEFT = 1 / 2

/**
 * A tick may come this much early, by another clock: it waits rather than being lost on the batch.
 */
const EARLY_MS_MAX = 2_000

/**
 * Makes the handler. Live state stays between invocations. It rejects with what the driver threw,
 * and then the queue delivers the ticks again; a batch that failed is no rejection but a tick for
 * its retry.
 */
export const driverHandler = ({
  runner,
  timeoutMs,
  scheduleTriggers,
}: DriverHandlerParts): DriverHandler => {
  const { clock, plan, app } = runner
  let endMs = 0
  const driver = new Driver({ ...runner, leaseEndMs: () => endMs + LEASE_MARGIN_MS })

  const runDue = async ({ triggers, remainingMs }: DriverCall): Promise<Outcome> => {
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

  // First of all: a batch that ends this process must not keep anybody from hearing of it.
  const tellLag = async (): Promise<void> => {
    try {
      runner.listen({ event: 'lag', lagMs: await lagMs(runner) })
    } catch {
      // What keeps it from reading the store keeps the batches too, and they say so.
    }
  }

  return async (call) => {
    checkApp(app, call.triggers)
    endMs = clock.now() + call.remainingMs()
    if (call.triggers.some(({ scheduleMinute }) => scheduleMinute === true)) await tellLag()
    const outcome = await runDue(call)
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
  const other = triggers.find((tick) => tick.app !== app)
  if (other === undefined) return
  throw new MillraceError('EVENT_INVALID', {
    problem: `A tick of another application has come to "${app}"`,
    value: other.app,
    allowed: app,
    fix: 'give each application a queue of its own',
  })
}
