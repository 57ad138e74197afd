import type { Amounts, FallingBehind, HeldBy } from '../lib/state/load.ts'
import { count } from './reports/answer.ts'

/** How far an application is behind, and what to do about it. */
export const fallingBehindText = ({
  delayMs,
  perSecond,
  heldBy,
  ...waiting
}: FallingBehind): string => {
  const amounts = amountsText(waiting)
  const more = amountsText(perSecond)
  const parts = [
    ...(amounts === '' ? [] : [`${amounts} wait`]),
    ...(more === '' ? [] : [`${more} more each second`]),
    ...(delayMs < 1_000
      ? []
      : [`batches begin ${count(Math.round(delayMs / 1_000), 'second')} late`]),
  ]
  return `Falling behind: ${parts.join(', ')}. ${ADVICE[heldBy]}`
}

const ADVICE: Readonly<Record<HeldBy, string>> = {
  time:
    'Batches take all that fits into their interval: give the driver more memory, which brings ' +
    'more processor, choose a longer batchInterval, or do less for each record',
  memory:
    'Batches do not grow, because more than half of the memory is in use: give the process more',
  limits: 'Batches take all that limits.growth allows: raise it, or the limits',
  rate:
    'Batches take all that the rate of a source allows: raise it. With back-pressure, give the ' +
    'driver more memory, or do less for each record',
  input: 'Batches still grow. If it goes on, give the driver more memory',
}

/** The largest figures of an amount, as text. Empty: there is nothing. */
const amountsText = ({ objects, records, bytes }: Amounts): string =>
  [
    ...(objects > 0 ? [count(objects, 'file')] : []),
    ...(records > 0 ? [count(records, 'record')] : []),
    ...(bytes > 0 ? [count(bytes, 'byte')] : []),
  ].join(' and ')
