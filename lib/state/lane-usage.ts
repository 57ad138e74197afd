/**
 * What the processes of intake have used in all, as a lane says it. Each append adds what its
 * process has used since its last append, so it costs no call. The item of a lane has little room:
 * the numbers are stored one after the other, without their names.
 */
import type { Usage, UsageKind } from '../base/prices.ts'

/** The kinds in their stored order. New ones go to the end. */
const KINDS: readonly UsageKind[] = [
  'writeUnits',
  'readUnits',
  'objectWrites',
  'objectReads',
  'queueRequests',
  'invocations',
  'gigabyteSeconds',
  'logBytes',
]
/** Units and seconds have parts. So many of these make one. */
const PARTS = 1_000
const DIGITS = 36

/** A usage as it is stored: whole numbers with 36 digits. What nobody used is empty. */
export const packUsage = (usage: Usage): string =>
  KINDS.map((kind) => {
    const parts = Math.round((usage[kind] ?? 0) * PARTS)
    return parts === 0 ? '' : parts.toString(DIGITS)
  })
    .join(' ')
    .trimEnd()

/** The usage that `packUsage` has packed. What a later version has added is left out. */
export const unpackUsage = (packed: string): Usage => {
  const parts = packed.split(' ')
  return Object.fromEntries(
    KINDS.flatMap((kind, index) => {
      const amount = parts[index] ?? ''
      return amount === '' ? [] : [[kind, Number.parseInt(amount, DIGITS) / PARTS]]
    }),
  )
}
