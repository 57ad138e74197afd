/** Words that people misspell. */

/** The word that was probably meant: at most a third of its letters differ. */
export const nearestTo = (word: string, known: readonly string[]): string | undefined => {
  const distances = known.map((one) => [one, editsBetween(word, one)] as const)
  const [best] = distances.toSorted(([, a], [, b]) => a - b)
  return best !== undefined && best[1] <= Math.max(1, best[0].length / 3) ? best[0] : undefined
}

/** The number of letters to insert, leave out, replace, or exchange with their neighbour. */
const editsBetween = (from: string, to: string): number => {
  let before: readonly number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1]
      const isExchanged = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      row.push(
        Math.min(
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (last[j - 1] ?? 0) + (isSame ? 0 : 1),
          isExchanged && i > 1 && j > 1 ? (before[j - 2] ?? 0) + 1 : Infinity,
        ),
      )
    }
    before = last
    last = row
  }
  return last[to.length] ?? 0
}
