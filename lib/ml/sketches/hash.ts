import { encodeCanonical } from '../../base/codec.ts'
import { murmur3 } from '../random/murmur3.ts'

/**
 * Two hashes of 32 bits of a value. They are the same on every machine, and for values that are
 * equal as keys are.
 */
export const hashesOf = (value: unknown): readonly [number, number] => {
  const bytes = encodeCanonical(value)
  const first = murmur3(bytes, 0)
  return [first, murmur3(bytes, first ^ 0x5bd1e995)]
}
