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
import type { UsageMeter } from '../../ports/meter.ts'
import type { Randomness } from '../../ports/randomness.ts'
import type { Head } from '../../state/head.ts'
import { nextBatchTime } from '../driver/schedule.ts'
import type { Trigger } from '../driver/triggers.ts'
import type { SourceAppend } from './event-reader.ts'
import { Intake } from './intake.ts'
import type { Combiner } from './lane-blocks.ts'
import { KnownSources } from './known-sources.ts'

/** What the function needs, for as long as its process lives. */
export interface IntakeHandlerParts {
  readonly plan: Plan
  readonly store: ItemStore
  readonly clock: Clock
  readonly randomness: Randomness
  /** Combines the records of a source. Left out: for none. */
  readonly combinerOf?: (source: string) => Combiner | undefined
  /** Counts what this process uses. Left out: nothing is counted. */
  readonly meter?: UsageMeter | undefined
  /** Sends triggers to the driver. */
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
}

/** What intake accepted. */
export interface IntakeAnswer {
  /** Records that were new. */
  readonly records: number
  readonly rejected: number
  /** Of the new records, those that were stored combined by key. Left out: none. */
  readonly combined?: number
}

/**
 * Appends the records of one event. `remainingMs`: the time that is left for it. At least half of
 * it stays for the appends themselves. Default: no limit.
 */
export type IntakeHandler = (
  appends: readonly SourceAppend[],
  remainingMs?: number,
) => Promise<IntakeAnswer>

/**
 * Makes the handler. It resolves when all records are durable, and then the source may be
 * acknowledged. Otherwise it rejects with `SOURCE_UNKNOWN`, `LANE_FULL`, `STORE_FAILED` or another
 * error of the store. Records that were already appended are dropped when they come again (B1).
 */
export const intakeHandler = (parts: IntakeHandlerParts): IntakeHandler => {
  const { plan, store, clock, randomness, meter, combinerOf, scheduleTriggers } = parts
  const woken: (Head | undefined)[] = []
  let combined = 0
  const intakes = new Map<string, Intake>()
  const intakeOf = (source: string): Intake => {
    const { limits, deadLettersKeptMs } = plan.options
    const shared = { app: plan.name, store, clock, randomness, meter, limits, deadLettersKeptMs }
    const intake =
      intakes.get(source) ??
      new Intake({
        ...shared,
        source,
        combiner: combinerOf?.(source),
        combined: (records) => (combined += records),
        woke: (head) => void woken.push(head),
      })
    intakes.set(source, intake)
    return intake
  }
  const append = async (one: SourceAppend, deadlineMs: number): Promise<number> =>
    'delivery' in one
      ? intakeOf(one.source).append(one.delivery, deadlineMs)
      : intakeOf(one.source).appendAtTail(one.lane, one.records)

  const known = new KnownSources({ store, app: plan.name, clock })

  return async (appends, remainingMs = Infinity) => {
    woken.length = 0
    combined = 0
    const deadlineMs = clock.now() + remainingMs / 2
    await known.check(appends.map(({ source }) => source))
    // All lanes at the same time. An error is thrown only after the other appends are done.
    const answers = await Promise.allSettled(appends.map((one) => append(one, deadlineMs)))
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
      ...(combined === 0 ? {} : { combined }),
    }
  }
}

const rejectedIn = (append: SourceAppend): number =>
  'delivery' in append ? (append.delivery.rejected?.length ?? 0) : 0

/**
 * A trigger for the first batch after a wake. If there is no head yet, a trigger for now: the
 * driver makes the head.
 */
export const firstTrigger = ({ name, options }: Plan, head: Head | undefined): Trigger =>
  head === undefined
    ? { app: name, scheduleMinute: true }
    : { app: name, atMs: nextBatchTime(head, options.intervalMs), scheduleMinute: true }
