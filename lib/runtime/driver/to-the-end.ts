/**
 * What a run to the end (`--once`) still has to do when no input is left. Time runs on, ahead of
 * the clock:
 *
 * - to the next slide of each window that holds something it has not shown;
 * - with `untilIdle`, until every timer has fired: keys end that wait for it, and timers that the
 *   function of `mapWithState` has set are due.
 *
 * At rest, time jumps to the next timer. While a window still holds something, each of its slides
 * is a batch.
 */
import { greatestOf, leastOf } from '../../base/extremes.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { Head } from '../../state/head.ts'
import type { StoredPartition } from '../../state/stored-list.ts'
import type { Manifest } from '../../state/manifest.ts'
import { panesId } from '../../state/operator/state-declaration.ts'

/** A run goes at most this many batches ahead without input, so that it ends in any case. */
export const BATCHES_WITHOUT_INPUT_MAX = 100_000

/** What still waits for a timer. */
export interface WaitingKeys {
  /** Number of keys that wait for a time-out or a timer. */
  readonly keys: number
  /** Number of outputs whose batches wait for the end of a period. */
  readonly outputs: number
  /** The earliest timer, epoch milliseconds. */
  readonly firstMs: number
}

/** Whether a window holds something that it has not shown. */
export const hasUnshownWindow = (
  { operators }: Pick<Plan, 'operators'>,
  { states, timeMs }: Manifest,
  { zeroMs }: Pick<Head, 'zeroMs'>,
): boolean =>
  operators.some(({ id, node: { slideMs } }) => {
    const panes = states[panesId(id)]?.partitions.flatMap(newestOf) ?? []
    if (slideMs === undefined || panes.length === 0) return false
    const shownMs = zeroMs + Math.floor((timeMs - zeroMs) / slideMs) * slideMs
    return greatestOf(panes) > shownMs
  })

/** The time of the newest segment of a list, if it has one. A page is as old as its newest. */
const newestOf = ({ refs, pages }: StoredPartition): readonly number[] => {
  const newest = refs.at(-1) ?? pages.at(-1)
  return newest === undefined ? [] : [Number(newest.at)]
}

/** When the first timer fires. Infinity: there is none. */
export const firstTimerMs = ({ timers }: Pick<Manifest, 'timers'>): number =>
  leastOf(Object.values(timers).map(({ dueMs }) => dueMs ?? Infinity))

/** The keys and outputs of the operators whose timers are set. Undefined: nothing waits. */
export const waitingKeys = (
  { operators }: Pick<Plan, 'operators'>,
  { timers }: Pick<Manifest, 'timers'>,
): WaitingKeys | undefined => {
  const firstMs = firstTimerMs({ timers })
  if (firstMs === Infinity) return undefined
  const keys = Object.values(timers).reduce((total, { waiting = 0 }) => total + waiting, 0)
  const outputs = operators.filter(
    ({ id, node }) => timers[id]?.dueMs !== undefined && node.stateful?.panesWait === true,
  )
  return { keys, outputs: outputs.length, firstMs }
}
