import type { StateOverview } from '../lib/runtime/operations/status.ts'
import { count } from '../lib/base/amount-text.ts'

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const

/** A duration in the largest unit of which it is a whole number. */
const exactText = (durationMs: number): string => {
  const [name, unitMs] = UNITS.find(([, size]) => durationMs % size === 0) ?? ['millisecond', 1]
  return count(durationMs / unitMs, name)
}

/**
 * How the keys of a state end, and how many have ended; how far event time has come. Nothing where
 * there is nothing to say.
 */
export const expiryText = (state: Partial<StateOverview>): string =>
  endText(state) + eventTimeText(state)

const eventTimeText = ({
  watermarkMs,
  late = 0,
}: Pick<StateOverview, 'watermarkMs' | 'late'>): string => {
  if (watermarkMs === undefined) return ''
  const lateText = `${count(late, 'record')} ${late === 1 ? 'was' : 'were'} late`
  return `, event time is at ${timeText(watermarkMs)}, ${lateText}`
}

/** Event times can be beyond all dates. */
const timeText = (ms: number): string =>
  Number.isNaN(new Date(ms).getTime()) ? `${ms} ms` : new Date(ms).toISOString()

const endText = ({ idleMs, expired = 0 }: Pick<StateOverview, 'idleMs' | 'expired'>): string => {
  const ended = `${count(expired, 'key')} ${expired === 1 ? 'has' : 'have'} ended`
  if (idleMs !== undefined) return `, keys end after ${exactText(idleMs)}, ${ended}`
  return expired === 0 ? '' : `, ${ended}`
}
