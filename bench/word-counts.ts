/**
 * The same word count, in several ways. Each gives the sum over all words of their counts, having
 * visited every word.
 */
import { from, map, mergeMap, reduce } from 'rxjs'

/** Counts the words of a batch. */
export type WordCount = (lines: readonly string[]) => number | Promise<number>

/**
 * The words of some lines with their numbers, as one would write it by hand: what all others are
 * compared with.
 */
export const countsOf = (lines: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const line of lines) {
    for (const word of line.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return counts
}

const visit = (counts: ReadonlyMap<string, number>): number => {
  let total = 0
  for (const [, count] of counts) total += count
  return total
}

type Pair = readonly [word: string, one: number]

const tally = (counts: Map<string, number>, [word, one]: Pair): Map<string, number> =>
  counts.set(word, (counts.get(word) ?? 0) + one)

export const loop: WordCount = (lines) => visit(countsOf(lines))

/** Methods of arrays, one after another: every step makes a whole new array. */
export const arrayChain: WordCount = (lines) =>
  visit(
    lines
      .flatMap((line) => line.split(' '))
      .map((word): Pair => [word, 1])
      .reduce(tally, new Map<string, number>()),
  )

/**
 * RxJS, in the form that is kindest to it: one `reduce` into a map, not a `groupBy` with a stream
 * for each of the words.
 */
export const rxjs: WordCount = (lines) => {
  let total = 0
  from(lines)
    .pipe(
      mergeMap((line) => line.split(' ')),
      map((word): Pair => [word, 1]),
      reduce(tally, new Map<string, number>()),
    )
    .subscribe((counts) => {
      total = visit(counts)
    })
  return total
}
