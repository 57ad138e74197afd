import {
  countsIn,
  type History,
  pairsText,
  randomLine,
  type SimulatedPipeline,
  wordCounts,
} from './pipeline.ts'

/** A state that its function changes in place, as users do. */
interface Tally {
  n: number
}

const STREAM = 'clicks'

/** Words of this kind are forgotten whenever they have been seen a multiple of three times. */
const isForgetful = (word: string): boolean => word.startsWith('f')

const totalsOf = (history: History): ReadonlyMap<string, number> => {
  const totals = new Map<string, number>()
  for (const batch of history) {
    for (const [word, count] of countsIn([batch], STREAM)) {
      const total = (totals.get(word) ?? 0) + count
      if (isForgetful(word) && total % 3 === 0) totals.delete(word)
      else totals.set(word, total)
    }
  }
  return totals
}

/** Keyed state: counts words by batch and in all. */
export const wordTotals: SimulatedPipeline = {
  name: 'word-totals',
  streams: [STREAM],
  buckets: [],
  line: randomLine,
  describe(ssc, { maybeThrow }) {
    const counts = wordCounts(ssc.kinesisTextStream(STREAM))
    counts.saveAsTextFiles('counts')
    const tallies = counts
      .mapToPair(([word, count]) => [word, [word, count] as [string, number]])
      .updateStateByKey<Tally>((arrivals, tally = { n: 0 }) => {
        maybeThrow()
        for (const [word, count] of arrivals) {
          tally.n += count
          if (isForgetful(word) && tally.n % 3 === 0) return undefined
        }
        return tally
      })
    tallies.mapValues((tally) => tally.n).saveAsTextFiles('totals')
  },
  outputs: (batch, history) => ({
    counts: pairsText(countsIn([batch], STREAM)),
    totals: pairsText(totalsOf(history)),
  }),
  states: (history) => ({
    'updateStateByKey-1': pairsText(
      [...totalsOf(history)].map(([word, n]) => [word, JSON.stringify({ n })]),
    ),
  }),
}
