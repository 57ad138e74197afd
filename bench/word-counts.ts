/**
 * The same word count, written in several ways. Each one visits the count of every word, and
 * returns the sum of all counts.
 */
import { from, map, mergeMap, reduce } from 'rxjs'

/** Counts the words of a batch. */
export type WordCount = (lines: readonly string[]) => number | Promise<number>

/** Counts words with a loop written by hand. All others are compared with it. */
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

/** Array methods, one after another. Every step creates a new array. */
export const arrayChain: WordCount = (lines) =>
  visit(
    lines
      .flatMap((line) => line.split(' '))
      .map((word): Pair => [word, 1])
      .reduce(tally, new Map<string, number>()),
  )

/**
 * RxJS in its fastest form: one `reduce` into a map, and no `groupBy` with a stream for each word.
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
