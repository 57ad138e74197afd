/**
 * Intake as a function: takes an event's deliveries whole, or throws and is given them again. Nothing is running any more when it answers:
 * an environment is frozen then, and what was left would go on hours later.
 */
import type { Randomness } from '../../ports/randomness.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { Head } from '../../state/head.ts'
import { Intake, type LaneDelivery } from './intake.ts'
import type { LaneParents } from '../sources/kinesis/lineage.ts'
import { nextBatchTime } from '../driver/schedule.ts'
import { NOTIFICATION_LANE, type ObjectNotification } from '../sources/objects/notifications.ts'
import type { Trigger } from '../driver/triggers.ts'

/** A delivery with the source it is for. */
export interface SourceDelivery {
  /** The id of the source node. */
  readonly source: string
  readonly delivery: LaneDelivery
}

/** What notifications hint at, for one source. */
export interface SourceNotifications {
  /** The id of the source node. */
  readonly source: string
  readonly notifications: readonly ObjectNotification[]
}

/** What the function works with, for as long as its process lives. */
export interface IntakeHandlerParts {
  readonly plan: Plan
  readonly store: ItemStore
  readonly clock: Clock
  readonly randomness: Randomness
  /** Where lanes come after others. Default: none does. */
  readonly parentsOf?: LaneParents
  /** Sends a tick to the driver. */
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
}

/** What was taken in. */
export interface IntakeAnswer {
  /** Records that were new. */
  readonly records: number
  readonly rejected: number
}

/** Takes in the deliveries, or the hints, of one event. */
export type IntakeHandler = (
  taken: readonly (SourceDelivery | SourceNotifications)[],
) => Promise<IntakeAnswer>

/**
 * Makes the handler. It resolves when all is durable, and then the source may be acknowledged. Else it rejects, "not now": with
 * `LANE_FULL`, `STORE_FAILED` or whatever the store threw; what was appended by then is dropped when it comes again (B1).
 */
export const intakeHandler = (parts: IntakeHandlerParts): IntakeHandler => {
  const { plan, store, clock, randomness, parentsOf, scheduleTriggers } = parts
  const woken: (Head | undefined)[] = []
  const intakes = new Map<string, Intake>()
  const intakeOf = (source: string): Intake => {
    const shared = {
      app: plan.name,
      store,
      clock,
      randomness,
      limits: plan.options.limits,
      ...(parentsOf === undefined ? {} : { parentsOf }),
    }
    const intake =
      intakes.get(source) ??
      new Intake({ ...shared, source, woke: (head) => void woken.push(head) })
    intakes.set(source, intake)
    return intake
  }
  return async (taken) => {
    woken.length = 0
    // Lanes side by side; one that fails is thrown only when the others are done.
    const answers = await Promise.allSettled(
      taken.map(async (one) => {
        const intake = intakeOf(one.source)
        return 'notifications' in one
          ? intake.appendAtTail(NOTIFICATION_LANE, one.notifications)
          : intake.append(one.delivery)
      }),
    )
    // Before any failure is thrown: the head is awake, and nobody else will wind its first tick.
    if (woken.length > 0) await scheduleTriggers([firstTrigger(plan, woken.at(-1))])
    const failed = answers.find((answer) => answer.status === 'rejected')
    if (failed !== undefined) throw failed.reason as unknown
    return {
      records: answers.reduce(
        (total, answer) => total + (answer.status === 'fulfilled' ? answer.value : 0),
        0,
      ),
      rejected: taken.reduce(
        (total, one) => total + ('delivery' in one ? (one.delivery.rejected?.length ?? 0) : 0),
        0,
      ),
    }
  }
}

/** For the first batch of a head that was woken. Where there is no head the driver makes one now, and not when the schedule calls it. */
const firstTrigger = ({ name, options }: Plan, head: Head | undefined): Trigger =>
  head === undefined
    ? { app: name, scheduleMinute: true }
    : { app: name, atMs: nextBatchTime(head, options.intervalMs), scheduleMinute: true }
