/** The directory of one batch of an output: `prefix-<ms>[.suffix]`, as Spark names it. */
export const outputPath = (prefix: string, suffix: string, timeMs: number): string => {
  // A prefix that ends a directory leaves just the time, as Spark's empty prefix does.
  const stem = prefix === '' || prefix.endsWith('/') ? `${prefix}${timeMs}` : `${prefix}-${timeMs}`
  return suffix === '' ? stem : `${stem}.${suffix}`
}
