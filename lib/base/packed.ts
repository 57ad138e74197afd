/**
 * Values that nobody can change behind one's back: what is an object is kept as its encoding, and
 * handed out as a fresh copy each time. So a function that changes a value in place is counted
 * right (encodings are compared, never references), and leaves no trace where it failed.
 */
import { decodeLatin1, encode, encodeToLatin1 } from './codec.ts'

/** The encoding of a value that is an object. */
export class Packed {
  readonly code: string
  constructor(code: string) {
    this.code = code
  }
}

/** A value as it is kept. */
export type Stored = string | number | bigint | boolean | null | undefined | Packed

/** Whether a value cannot be changed in place. */
export const isSimple = (value: unknown): boolean => typeof value !== 'object' || value === null

/**
 * A value as it is kept.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED` for what cannot be stored, such as a function.
 */
export const pack = (value: unknown): Stored => {
  if (typeof value === 'object' && value !== null) return new Packed(encodeToLatin1(value))
  if (typeof value === 'function' || typeof value === 'symbol') encode(value)
  return value as Stored
}

/** The value, fresh where it is an object. */
export const unpack = (stored: Stored): unknown =>
  stored instanceof Packed ? decodeLatin1(stored.code) : stored

/** Whether two kept values are equal. */
export const samePacked = (a: Stored, b: Stored): boolean =>
  a instanceof Packed && b instanceof Packed ? a.code === b.code : Object.is(a, b)
