/**
 * The pipeline that is simulated, and what it must give, recomputed from scratch: no code of the engine is used to predict the engine.
 */
import { seconds } from '../../base/duration.ts'
import type { Plan } from '../../dstream/plan.ts'
import { stream } from '../../dstream/stream.ts'
import type { Random } from '../random.ts'

export const APP = 'simulated'

/** A state that its function changes in place, as users do. */
interface Tally {
  n: number
}

/** Words of this kind are forgotten whenever they have been seen a multiple of three times. */
const isForgetful = (word: string): boolean => word.startsWith('f')

const WORDS = ['apple', 'pear', 'fig', 'f', '__proto__', 'zebra', 'Äpfel', 'pear2', 'constructor', 'quince']

/** A line of a few words. */
export const randomLine = (random: Random): string => Array.from({ length: random.between(1, 4) }, () => random.pick(WORDS)).join(' ')

/** Counts words by batch and in all; both go to files. */
export const simulatedPlan = (): Plan =>
  stream(APP, { batchInterval: seconds(1), limits: { records: 24 } }, (ssc) => {
    const words = ssc.textFileStream('lines').flatMap((line) => line.split(' '))
    const counts = words.mapToPair((word) => [word, 1]).reduceByKey((a, b) => a + b)
    counts.saveAsTextFiles('counts')
    const tallies = counts
      .mapToPair(([word, count]) => [word, [word, count] as const])
      .updateStateByKey<Tally>((arrivals, tally = { n: 0 }) => {
        for (const [word, count] of arrivals) {
          tally.n += count
          if (isForgetful(word) && tally.n % 3 === 0) return undefined
        }
        return tally
      })
    tallies.mapValues((tally) => tally.n).saveAsTextFiles('totals')
  }).build()

/** Follows the batches as they are committed. */
export class WordModel {
  readonly #totals = new Map<string, number>()

  /** The totals after the last committed batch. */
  get totals(): ReadonlyMap<string, number> {
    return this.#totals
  }

  /** Both files that a batch of these lines writes, if it comes next. */
  outputsOf(lines: readonly string[]): { readonly counts: string; readonly totals: string } {
    const counts = countsOf(lines)
    return { counts: textOf(counts), totals: textOf(afterBatch(this.#totals, counts)) }
  }

  /** The batch of these lines is true now. */
  commit(lines: readonly string[]): void {
    const after = afterBatch(this.#totals, countsOf(lines))
    this.#totals.clear()
    for (const [word, total] of after) this.#totals.set(word, total)
  }
}

const countsOf = (lines: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const word of lines.flatMap((line) => line.split(' '))) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

const afterBatch = (totals: ReadonlyMap<string, number>, counts: ReadonlyMap<string, number>): Map<string, number> => {
  const after = new Map(totals)
  for (const [word, count] of counts) {
    const total = (after.get(word) ?? 0) + count
    if (isForgetful(word) && total % 3 === 0) after.delete(word)
    else after.set(word, total)
  }
  return after
}

const textOf = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([word, count]) => `(${word},${count})\n`)
    .join('')

/** How often each word occurs in all lines, but for those whose total depends on how they fell into batches. */
export const recount = (lines: readonly string[]): ReadonlyMap<string, number> =>
  new Map([...countsOf(lines)].filter(([word]) => !isForgetful(word)))
