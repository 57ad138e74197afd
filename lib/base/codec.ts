/**
 * The binary form of values in segments, plans and blocks. Own, because three things must hold
 * together that no library gives: equal values give equal bytes on every machine and in every run
 * (B3), every JavaScript string comes back unchanged (lone surrogates too), and whatever cannot
 * come back unchanged is refused instead of bent.
 *
 * Layout: one tag byte, then by tag. Integers are zigzag varints, lengths are varints, floats are
 * little-endian doubles. Fields of objects keep their order, so that what is printed from a stored
 * value is what was printed from the live one; in the *canonical* form, which keys use, they are
 * sorted by name and -0 is 0.
 */
import { corrupt, Decoder } from './decoder.ts'
import { Encoder } from './encoder.ts'
import { asMillraceError } from './errors.ts'

const encoder = new Encoder()

/**
 * The bytes of a value; equal values give equal bytes.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED` for functions, symbols, class instances, arrays with
 * holes and cycles.
 */
export const encode = (value: unknown): Uint8Array => {
  encoder.begin(false)
  encoder.value(value, 0)
  return encoder.bytes()
}

/**
 * As {@link encode}, as a string of one character a byte: small, and compared with `===` at memory
 * speed.
 */
export const encodeToLatin1 = (value: unknown): string => {
  encoder.begin(false)
  encoder.value(value, 0)
  return encoder.latin1()
}

/**
 * The canonical form of a key, as a string of one character a byte: equal for keys that are equal
 * by value.
 */
export const encodeCanonical = (value: unknown): string => {
  encoder.begin(true)
  encoder.value(value, 0)
  return encoder.latin1()
}

/**
 * The value of bytes made by {@link encode}.
 *
 * @throws MillraceError `SEGMENT_CORRUPT` when the bytes are not one whole value.
 */
export const decode = (bytes: Uint8Array): unknown => {
  const decoder = new Decoder(bytes)
  const value = wholeValue(decoder)
  if (!decoder.atEnd) throw corrupt('it goes on after its value')
  return value
}

const wholeValue = (decoder: Decoder): unknown => {
  try {
    return decoder.value()
  } catch (error) {
    // Damaged bytes can also be a bigint without digits, a name that is no text, or a nesting
    // deeper than the call stack.
    throw asMillraceError(error, 'SEGMENT_CORRUPT', { problem: 'Stored bytes cannot be read' })
  }
}

/**
 * The value of a string made by {@link encodeToLatin1} or {@link encodeCanonical}: a fresh one at
 * each call.
 */
export const decodeLatin1 = (text: string): unknown => decode(Buffer.from(text, 'latin1'))
