/** Times and durations as Spark's streaming page writes them. */

const UNITS = {
  NANOSECONDS: { ms: 1e-6, text: 'ns' },
  MICROSECONDS: { ms: 1e-3, text: 'us' },
  MILLISECONDS: { ms: 1, text: 'ms' },
  SECONDS: { ms: 1_000, text: 'sec' },
  MINUTES: { ms: 60_000, text: 'min' },
  HOURS: { ms: 3_600_000, text: 'hrs' },
  DAYS: { ms: 86_400_000, text: 'days' },
} as const

/** A unit of time, named as in Spark. */
export type TimeUnit = keyof typeof UNITS

/** All units, the smallest first. */
export const timeUnits: readonly TimeUnit[] = Object.keys(UNITS) as TimeUnit[]

/** The short text of a unit: `sec`. */
export const unitText = (unit: TimeUnit): string => UNITS[unit].text

/** A duration in a unit. */
export const inUnit = (durationMs: number, unit: TimeUnit): number => durationMs / UNITS[unit].ms

/** A duration in the largest unit in which it is 1 or more. Below a second: in milliseconds. */
export const normalizeDuration = (durationMs: number): readonly [value: number, unit: TimeUnit] => {
  const unit = timeUnits.findLast((one) => durationMs >= UNITS[one].ms && UNITS[one].ms >= 1)
  return [inUnit(durationMs, unit ?? 'MILLISECONDS'), unit ?? 'MILLISECONDS']
}

/** A duration as in the tables of Spark's pages: `12 ms`, `0.4 s`, `3 s`, `1.5 min`, `2.0 h`. */
export const durationText = (durationMs: number): string => {
  const [seconds, minutes, hours] = [durationMs / 1e3, durationMs / 6e4, durationMs / 3.6e6]
  if (durationMs < 100) return `${durationMs.toFixed(0)} ms`
  if (seconds < 1) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${seconds.toFixed(0)} s`
  if (minutes < 10) return `${minutes.toFixed(1)} min`
  return minutes < 60 ? `${minutes.toFixed(0)} min` : `${hours.toFixed(1)} h`
}

const formats = new Map<string, Intl.DateTimeFormat>()

const formatIn = (timeZone: string): Intl.DateTimeFormat => {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      fractionalSecondDigits: 3,
    })
  formats.set(timeZone, format)
  return format
}

/** How a batch time is written. */
export interface BatchTimeFormat {
  /** Milliseconds are shown when batches come more than once a second. */
  readonly intervalMs: number
  /** Default: true. */
  readonly withDate?: boolean
  /** Default: UTC. */
  readonly timeZone?: string
}

/** A batch time as text: `2026/11/22 10:00:00`. */
export const batchTimeText = (
  timeMs: number,
  { intervalMs, withDate = true, timeZone = 'UTC' }: BatchTimeFormat,
): string => {
  const parts = Object.fromEntries(
    formatIn(timeZone)
      .formatToParts(timeMs)
      .map(({ type, value }) => [type, value]),
  ) as Readonly<Record<string, string>>
  const { year, month, day, hour, minute, second, fractionalSecond } = parts
  const date = withDate ? `${year}/${month}/${day} ` : ''
  return `${date}${hour}:${minute}:${second}${intervalMs < 1_000 ? `.${fractionalSecond}` : ''}`
}
