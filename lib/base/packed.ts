/**
 * Values that user code cannot change by accident. An object is stored as its encoding, and each
 * reader gets a new copy. So a function that changes a value in place is still noticed, because
 * encodings are compared and not references. And when such a function fails, its change is lost.
 */
import { decodeLatin1, encode, encodeToLatin1 } from './codec.ts'

/** The encoding of a value that is an object. */
export class Packed {
  readonly code: string
  constructor(code: string) {
    this.code = code
  }
}

/** The stored form of a value: an object as its encoding, a primitive as it is. */
export type Stored = string | number | bigint | boolean | null | undefined | Packed

/** Whether a value is a primitive, which cannot be changed in place. */
export const isSimple = (value: unknown): boolean => typeof value !== 'object' || value === null

/**
 * The stored form of a value.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED` for what cannot be stored, such as a function.
 */
export const pack = (value: unknown): Stored => {
  if (typeof value === 'object' && value !== null) return new Packed(encodeToLatin1(value))
  if (typeof value === 'function' || typeof value === 'symbol') encode(value)
  return value as Stored
}

/** The value of a stored form; a new copy if it is an object. */
export const unpack = (stored: Stored): unknown =>
  stored instanceof Packed ? decodeLatin1(stored.code) : stored

/** Whether two stored values are equal. */
export const samePacked = (a: Stored, b: Stored): boolean =>
  a instanceof Packed && b instanceof Packed ? a.code === b.code : Object.is(a, b)
