/** The directory of one batch of an output, named as in Spark: `prefix-<ms>[.suffix]`. */
export const outputPath = (prefix: string, suffix: string, timeMs: number): string => {
  // After an empty prefix, or one that ends with a slash, the name is only the time, as in Spark.
  const stem = prefix === '' || prefix.endsWith('/') ? `${prefix}${timeMs}` : `${prefix}-${timeMs}`
  return suffix === '' ? stem : `${stem}.${suffix}`
}
