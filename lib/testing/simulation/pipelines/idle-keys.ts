import { leastOf } from '../../../base/extremes.ts'
import { StateSpec } from '../../../dstream/state-spec.ts'
import {
  countsIn,
  type History,
  pairsText,
  randomLine,
  type SimulatedPipeline,
  wordCounts,
} from './pipeline.ts'

const STREAM = 'clicks'

/** In batch intervals. */
const TIMEOUT = 4

interface Followed {
  /** The result of the last batch. */
  readonly given: ReadonlyMap<string, string>
  /** The keys that are left after it, with their totals, and when they were last seen. */
  readonly totals: ReadonlyMap<string, number>
  readonly touched: ReadonlyMap<string, number>
}

const follow = (history: History, timeoutMs: number): Followed => {
  const totals = new Map<string, number>()
  const touched = new Map<string, number>()
  let given = new Map<string, string>()
  for (const batch of history) {
    given = new Map()
    // A plan without a timeout does not know when a key was touched. With the next plan that has
    // one, all keys count as touched in its first batch.
    if (batch.change === 'stored') touched.clear()
    else for (const word of totals.keys()) touched.set(word, touched.get(word) ?? batch.timeMs)
    for (const [word, count] of countsIn([batch], STREAM)) {
      totals.set(word, (totals.get(word) ?? 0) + count)
      if (batch.change !== 'stored') touched.set(word, batch.timeMs)
      given.set(word, String(totals.get(word)))
    }
    for (const [word, atMs] of touched) {
      if (batch.timeMs - atMs <= timeoutMs) continue
      given.set(word, `${totals.get(word)}, gone`)
      totals.delete(word)
      touched.delete(word)
    }
  }
  return { given, totals, touched }
}

/**
 * Keyed state that ends with a key's idle time, though nothing comes in. The timeout comes and goes
 * with deployments.
 */
export const idleKeys: SimulatedPipeline = {
  name: 'idle-keys',
  streams: [STREAM],
  buckets: [],
  line: randomLine,
  storesAnew: true,
  restsUntilTimer: true,
  describe(ssc, { change, maybeThrow }) {
    const counts = wordCounts(ssc.kinesisTextStream(STREAM))
    const spec = StateSpec.function<string, number, number, [string, string]>(
      (word, count, state) => {
        maybeThrow()
        if (state.isTimingOut()) return [word, `${state.get()}, gone`]
        const total = (state.getOption() ?? 0) + (count ?? 0)
        state.update(total)
        return [word, String(total)]
      },
    )
    const visits = counts.mapWithState(
      (change === 'stored'
        ? spec
        : spec.timeout(counts.slideDuration.times(TIMEOUT))
      ).numPartitions(2),
    )
    visits.reduceByKey((a) => a).saveAsTextFiles('visits')
    visits
      .stateSnapshots()
      .reduceByKey((a) => a)
      .saveAsTextFiles('totals')
  },
  outputs(_, history, intervalMs) {
    const { given, totals } = follow(history, TIMEOUT * intervalMs)
    return { visits: pairsText(given), totals: pairsText(totals) }
  },
  nextMs(history, intervalMs) {
    const { touched } = follow(history, TIMEOUT * intervalMs)
    // Idle for longer than the time-out, not as long.
    return touched.size === 0 ? undefined : leastOf(touched.values()) + (TIMEOUT + 1) * intervalMs
  },
}
