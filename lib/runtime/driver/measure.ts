/** Measures a batch, for the load that its commit writes into the head. */
import type { Amounts, Load } from '../../state/load.ts'
import type { Runner } from '../runner.ts'
import type { LoggedAttempt } from './head-writes.ts'
import { loadAfter } from './load.ts'

/** What the sources had to leave at the last allocation. */
export const waitingIn = ({ sources }: Pick<Runner, 'sources'>): Amounts => {
  const all = [...sources.values()].flatMap((source) => source.behind?.() ?? [])
  const sum = (field: keyof Amounts): number => all.reduce((total, one) => total + one[field], 0)
  return { objects: sum('objects'), records: sum('records'), bytes: sum('bytes') }
}

/**
 * The load after an attempt that is about to be committed. Undefined: there is nothing to remember.
 */
export const loadOf = (
  runner: Runner,
  { head, input, number }: LoggedAttempt,
  { startedMs, aheadOfClock }: { readonly startedMs: number; readonly aheadOfClock: boolean },
): Load | undefined => {
  const { plan, sources, clock, batchMsMax = Infinity, memoryInUse } = runner
  const { intervalMs, limits } = plan.options
  const taken = Object.entries(input.sources).map(
    ([id, one]): Amounts => sources.get(id)?.counted?.(one) ?? one,
  )
  const batch = {
    timeMs: input.timeMs,
    attempts: number,
    taken,
    waiting: waitingIn(runner),
    hasMore: [...sources.values()].some((source) => source.behind?.().hasMore === true),
    delayMs: aheadOfClock ? 0 : Math.max(0, startedMs - input.timeMs),
    processingMs: clock.now() - startedMs,
    budgetMs: Math.min(intervalMs, batchMsMax),
    intervalMs,
    memoryShare: memoryInUse?.() ?? 0,
  }
  const load = loadAfter(head.load, batch, limits)
  return load.factor === 1 && load.samples.length === 0 ? undefined : load
}
