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
const TIMEOUT = 6
const TTL = 3

/**
 * When the timer of a total is due, in batch intervals from now. Some are due after their key has
 * ended.
 */
const delayOf = (total: number): number => (total % 10) + 1

/** A key with a timer: what it has counted, when a record came last, when its timer is due. */
interface Key {
  readonly total: number
  readonly usedMs: number
  readonly dueMs: number | undefined
}

interface Followed {
  /** The result of the last batch. */
  readonly given: ReadonlyMap<string, string>
  readonly keys: ReadonlyMap<string, Key>
  /** The totals that live, and when a record came last. */
  readonly living: ReadonlyMap<string, readonly [total: number, usedMs: number]>
}

const follow = (history: History, intervalMs: number): Followed => {
  const keys = new Map<string, Key>()
  const living = new Map<string, readonly [number, number]>()
  let given = new Map<string, string>()
  const give = (word: string, text: string): void => {
    const before = given.get(word)
    given.set(word, before === undefined ? text : `${before}; ${text}`)
  }
  for (const batch of history) {
    const { timeMs } = batch
    given = new Map()
    for (const [word, [, usedMs]] of living)
      if (timeMs - usedMs > TTL * intervalMs) living.delete(word)
    for (const [word, count] of countsIn([batch], STREAM)) {
      living.set(word, [(living.get(word)?.[0] ?? 0) + count, timeMs])
      const before = keys.get(word)
      const total = (before?.total ?? 0) + count
      const newMs = timeMs + delayOf(total) * intervalMs
      const dueMs = total % 2 === 0 ? (before?.dueMs ?? newMs) : newMs
      keys.set(word, { total, usedMs: timeMs, dueMs })
      give(word, String(total))
    }
    for (const [word, { total, usedMs, dueMs = Infinity }] of keys) {
      const endMs = usedMs + TIMEOUT * intervalMs
      if (dueMs > timeMs || dueMs > endMs) continue
      give(word, `${total}, due`)
      if (total % 3 === 0) keys.delete(word)
      else {
        const newMs = total % 3 === 1 ? timeMs + intervalMs : undefined
        keys.set(word, { total: total + 1, usedMs, dueMs: newMs })
      }
    }
    for (const [word, { total, usedMs }] of keys) {
      if (timeMs - usedMs <= TIMEOUT * intervalMs) continue
      give(word, `${total}, gone`)
      keys.delete(word)
    }
  }
  return { given, keys, living }
}

/**
 * Keys with timers and a time-out, and totals with a time to live: what happens though nothing
 * comes in. Their states are divided among another number of partitions with some deployments.
 */
export const timedKeys: SimulatedPipeline = {
  name: 'timed-keys',
  streams: [STREAM],
  buckets: [],
  line: randomLine,
  storesAnew: true,
  restsUntilTimer: true,
  describe(ssc, { change, maybeThrow }) {
    const counts = wordCounts(ssc.kinesisTextStream(STREAM))
    const interval = counts.slideDuration
    const partitions = change === 'stored' ? 3 : 2
    const visits = counts.mapWithState(
      StateSpec.function<string, number, number, [string, string]>(
        (word, count, state, time) => {
          maybeThrow()
          if (state.isTimingOut()) return [word, `${state.get()}, gone`]
          const before = state.getOption() ?? 0
          if (state.isTimerFiring()) {
            if (before % 3 === 0) state.remove()
            else state.update(before + 1)
            if (before % 3 === 1) state.setTimer(time.plus(interval))
            return [word, `${before}, due`]
          }
          const total = before + (count ?? 0)
          state.update(total)
          if (total % 2 !== 0 || state.getTimer() === undefined)
            state.setTimer(time.plus(interval.times(delayOf(total))))
          return [word, String(total)]
        },
        { timers: true, timeout: interval.times(TIMEOUT), partitions },
      ),
    )
    visits.reduceByKey((a, b) => `${a}; ${b}`).saveAsTextFiles('visits')
    visits
      .stateSnapshots()
      .reduceByKey((a) => a)
      .saveAsTextFiles('totals')
    counts
      .updateStateByKey<number>(
        (values, total = 0) => {
          maybeThrow()
          return values.reduce((a, b) => a + b, total)
        },
        { ttl: interval.times(TTL), partitions },
      )
      .reduceByKey((a) => a)
      .saveAsTextFiles('living')
  },
  outputs(_, history, intervalMs) {
    const { given, keys, living } = follow(history, intervalMs)
    const totals = Array.from(keys, ([word, { total }]) => [word, total] as const)
    const lives = Array.from(living, ([word, [total]]) => [word, total] as const)
    return { visits: pairsText(given), totals: pairsText(totals), living: pairsText(lives) }
  },
  nextMs(history, intervalMs) {
    const { keys, living } = follow(history, intervalMs)
    const times = [
      ...Array.from(keys.values(), ({ usedMs, dueMs = Infinity }) =>
        Math.min(dueMs, usedMs + (TIMEOUT + 1) * intervalMs),
      ),
      ...Array.from(living.values(), ([, usedMs]) => usedMs + (TTL + 1) * intervalMs),
    ]
    return times.length === 0 ? undefined : leastOf(times)
  },
}
