/** Measures a batch, for the load that its commit writes into the head. */
import type { BatchLimits } from '../../dstream/plan.ts'
import type { Amounts, Load } from '../../state/load.ts'
import type { Runner } from '../runner.ts'
import type { LoggedAttempt } from './head-writes.ts'
import { capOf, loadAfter } from './load.ts'
import { ratesAfter, withinRate } from './rates.ts'

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
  const processingMs = clock.now() - startedMs
  const delayMs = aheadOfClock ? 0 : Math.max(0, startedMs - input.timeMs)
  const taken = Object.entries(input.sources).map(
    ([id, one]): Amounts => sources.get(id)?.counted?.(one) ?? one,
  )
  const batch = {
    timeMs: input.timeMs,
    attempts: number,
    taken,
    waiting: waitingIn(runner),
    hasMore: [...sources.values()].some((source) => source.behind?.().hasMore === true),
    delayMs,
    processingMs,
    budgetMs: Math.min(intervalMs, batchMsMax),
    intervalMs,
    memoryShare: memoryInUse?.() ?? 0,
    isRated: leftByRate(runner, head.load, limits),
  }
  const load = loadAfter(head.load, batch, limits)
  const ended = { atMs: startedMs + processingMs, processingMs, delayMs }
  const rates = ratesAfter(head.load?.rates, input, ended, plan.options)
  if (rates !== undefined) return { ...load, rates }
  return load.factor === 1 && load.samples.length === 0 ? undefined : load
}

/** Whether a source leaves something for later batches because of its rate. */
const leftByRate = (
  { plan, sources }: Runner,
  load: Load | undefined,
  limits: BatchLimits,
): boolean => {
  if (plan.options.rate === undefined) return false
  const cap = capOf(limits, load)
  return [...sources].some(
    ([id, source]) =>
      (source.behind?.().records ?? 0) > 0 &&
      withinRate(cap, plan.options, load?.rates?.[id]).records < cap.records,
  )
}
