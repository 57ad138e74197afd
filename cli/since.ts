const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ].+)?$/

/**
 * Parses `--since`: a date, a date with a time, or an age such as `12h`. Returns epoch
 * milliseconds. Undefined: the text is none of these.
 */
export const parseSince = (text: string, nowMs: number): number | undefined => {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (count !== undefined && unit !== undefined)
    return nowMs - Number(count) * (UNIT_MS[unit] as number)
  const atMs = DATE.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(atMs) ? undefined : atMs
}
