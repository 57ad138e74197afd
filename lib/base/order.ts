/**
 * The order of values that users expect, for sorting. The order of keys in keys.ts has another
 * purpose: it must be the same everywhere, and it sorts dates by their bytes.
 */
import { compareKeys } from './keys.ts'

/** A comparison function for sorting: it returns a negative number, zero or a positive number. */
export type Comparison<T> = (a: T, b: T) => number

const sign = <T extends string | number | bigint | boolean>(a: T, b: T): number =>
  a < b ? -1 : a > b ? 1 : 0

/**
 * Compares two values. Numbers and bigints are ordered by size (NaN last), dates by time, strings
 * by UTF-16 units, arrays element by element. Values of different types are ordered by type: null,
 * booleans, numbers, strings, dates, arrays, other values. Other values are ordered as keys.
 */
export const compareNatural = (a: unknown, b: unknown): number => {
  if (typeof a === 'string' && typeof b === 'string') return sign(a, b)
  const rank = rankOf(a) - rankOf(b)
  if (rank !== 0) return rank
  if (Array.isArray(a) && Array.isArray(b)) return compareArrays(a, b)
  if (a instanceof Date && b instanceof Date) return compareNumbers(a.getTime(), b.getTime())
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b)
  return compareKeys(a, b)
}

const isNumeric = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint'

const compareNumbers = (a: number | bigint, b: number | bigint): number =>
  Number.isNaN(a) || Number.isNaN(b)
    ? Number(Number.isNaN(a)) - Number(Number.isNaN(b))
    : a < b
      ? -1
      : a > b
        ? 1
        : 0

const compareArrays = (a: readonly unknown[], b: readonly unknown[]): number => {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareNatural(a[i], b[i])
    if (order !== 0) return order
  }
  return a.length - b.length
}

const rankOf = (value: unknown): number => {
  if (value === null || value === undefined) return 0
  if (typeof value === 'boolean') return 1
  if (isNumeric(value)) return 2
  if (typeof value === 'string') return 3
  if (value instanceof Date) return 4
  return Array.isArray(value) ? 5 : 6
}
