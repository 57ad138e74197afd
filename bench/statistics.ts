/** Sorts numbers, the smallest first. */
const ascending = (values: readonly number[]): readonly number[] => values.toSorted((a, b) => a - b)

/** The median: the middle number, or the mean of the two in the middle. */
export const median = (values: readonly number[]): number => {
  const sorted = ascending(values)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  return sorted.length % 2 === 1
    ? upper
    : ((sorted[sorted.length / 2 - 1] ?? Number.NaN) + upper) / 2
}

/** Formats `smallest / median / largest`, each with this many decimals. */
export const spread = (values: readonly number[], decimals = 0): string => {
  const sorted = ascending(values)
  return [sorted[0], median(values), sorted.at(-1)]
    .map((value) => (value ?? Number.NaN).toFixed(decimals))
    .join(' / ')
}
