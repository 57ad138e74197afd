/**
 * Intake as a function. It takes what an event brings whole, or it throws and is given it again.
 * When it answers nothing is running any more: the platform freezes it then, and what was left
 * would go on hours later.
 *
 *   event -> appends, side by side -> if one of them woke the head: the driver's first trigger -> answer
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

/** What the function works with, for as long as its process lives. */
export interface IntakeHandlerParts {
  readonly plan: Plan
  readonly store: ItemStore
  readonly clock: Clock
  readonly randomness: Randomness
  /** Sends triggers to the driver. */
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
}

/** What was taken in. */
export interface IntakeAnswer {
  /** Records that were new. */
  readonly records: number
  readonly rejected: number
}

/** Takes in what one event brings. */
export type IntakeHandler = (appends: readonly SourceAppend[]) => Promise<IntakeAnswer>

/**
 * Makes the handler. It resolves when all is durable, and then the source may be acknowledged. Else
 * it rejects: with `LANE_FULL`, `STORE_FAILED` or whatever the store threw. What was appended by
 * then is dropped when it comes again (B1).
 */
export const intakeHandler = (parts: IntakeHandlerParts): IntakeHandler => {
  const { plan, store, clock, randomness, scheduleTriggers } = parts
  const woken: (Head | undefined)[] = []
  const intakes = new Map<string, Intake>()
  const intakeOf = (source: string): Intake => {
    const { limits } = plan.options
    const shared = { app: plan.name, store, clock, randomness, limits }
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

  return async (appends) => {
    woken.length = 0
    // Lanes side by side; one that fails is thrown only when the others are done.
    const answers = await Promise.allSettled(appends.map(append))
    // Before any failure is thrown: the head is awake, and nobody else sends its first trigger.
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
 * For the first batch of a head that was woken. If there is no head yet, the driver makes it now.
 */
const firstTrigger = ({ name, options }: Plan, head: Head | undefined): Trigger =>
  head === undefined
    ? { app: name, scheduleMinute: true }
    : { app: name, atMs: nextBatchTime(head, options.intervalMs), scheduleMinute: true }
