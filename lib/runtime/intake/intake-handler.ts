/**
 * Intake as a function. It takes all records of an event, or it throws and receives the event
 * again.
 *
 * 1. Check that the running plan has the sources.
 * 2. Append to all lanes at the same time.
 * 3. If an append woke the head, send the first trigger to the driver.
 * 4. Answer, or throw if an append failed.
 *
 * When the function answers, nothing is running any more. The platform freezes the process after
 * the answer, and work that was left could continue hours later.
 */
import type { Plan } from '../../dstream/plan.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Randomness } from '../../ports/randomness.ts'
import type { Head } from '../../state/head.ts'
import { nextBatchTime } from '../driver/schedule.ts'
import type { Trigger } from '../driver/triggers.ts'
import type { SourceAppend } from './event-reader.ts'
import { Intake } from './intake.ts'
import { KnownSources } from './known-sources.ts'

/** What the function needs, for as long as its process lives. */
export interface IntakeHandlerParts {
  readonly plan: Plan
  readonly store: ItemStore
  readonly clock: Clock
  readonly randomness: Randomness
  /** Sends triggers to the driver. */
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
}

/** What intake accepted. */
export interface IntakeAnswer {
  /** Records that were new. */
  readonly records: number
  readonly rejected: number
}

/** Appends the records of one event. */
export type IntakeHandler = (appends: readonly SourceAppend[]) => Promise<IntakeAnswer>

/**
 * Makes the handler. It resolves when all records are durable, and then the source may be
 * acknowledged. Otherwise it rejects with `SOURCE_UNKNOWN`, `LANE_FULL`, `STORE_FAILED` or another
 * error of the store. Records that were already appended are dropped when they come again (B1).
 */
export const intakeHandler = (parts: IntakeHandlerParts): IntakeHandler => {
  const { plan, store, clock, randomness, scheduleTriggers } = parts
  const woken: (Head | undefined)[] = []
  const intakes = new Map<string, Intake>()
  const intakeOf = (source: string): Intake => {
    const { limits, deadLettersKeptMs } = plan.options
    const shared = { app: plan.name, store, clock, randomness, limits, deadLettersKeptMs }
    const intake =
      intakes.get(source) ??
      new Intake({ ...shared, source, woke: (head) => void woken.push(head) })
    intakes.set(source, intake)
    return intake
  }
  const append = async (one: SourceAppend): Promise<number> =>
    'delivery' in one
      ? intakeOf(one.source).append(one.delivery)
      : intakeOf(one.source).appendAtTail(one.lane, one.records)

  const known = new KnownSources({ store, app: plan.name, clock })

  return async (appends) => {
    woken.length = 0
    await known.check(appends.map(({ source }) => source))
    // All lanes at the same time. An error is thrown only after the other appends are done.
    const answers = await Promise.allSettled(appends.map(append))
    // Before any error is thrown: the head is awake, and nothing else sends its first trigger.
    if (woken.length > 0) await scheduleTriggers([firstTrigger(plan, woken.at(-1))])
    const failed = answers.find((answer) => answer.status === 'rejected')
    if (failed !== undefined) throw failed.reason as unknown
    return {
      records: answers.reduce(
        (total, answer) => total + (answer.status === 'fulfilled' ? answer.value : 0),
        0,
      ),
      rejected: appends.reduce((total, one) => total + rejectedIn(one), 0),
    }
  }
}

const rejectedIn = (append: SourceAppend): number =>
  'delivery' in append ? (append.delivery.rejected?.length ?? 0) : 0

/**
 * A trigger for the first batch after a wake. If there is no head yet, a trigger for now: the
 * driver makes the head.
 */
const firstTrigger = ({ name, options }: Plan, head: Head | undefined): Trigger =>
  head === undefined
    ? { app: name, scheduleMinute: true }
    : { app: name, atMs: nextBatchTime(head, options.intervalMs), scheduleMinute: true }
