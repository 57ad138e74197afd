/**
 * The binary form of values in segments, batch inputs and blocks. Millrace has its own format
 * because no library gives these three properties together: equal values give equal bytes on every
 * machine and in every run (B3); every JavaScript string is read back unchanged, lone surrogates
 * too; and a value that cannot be read back unchanged is refused, never altered.
 *
 * Layout: one tag byte, then content that depends on the tag. Integers are zigzag varints, lengths
 * are varints, floats are little-endian doubles. Fields of objects keep their order, so that a
 * stored value prints the same as the original one. In the *canonical* form, which keys use, fields
 * are sorted by name and -0 is 0.
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
 * As {@link encode}, but gives a string with one character for each byte. Such a string is small,
 * and `===` compares two of them at memory speed.
 */
export const encodeToLatin1 = (value: unknown): string => {
  encoder.begin(false)
  encoder.value(value, 0)
  return encoder.latin1()
}

/**
 * The canonical form of a key, as a string with one character for each byte. Keys that are equal by
 * value have the same canonical form.
 */
export const encodeCanonical = (value: unknown): string => {
  encoder.begin(true)
  encoder.value(value, 0)
  return encoder.latin1()
}

/**
 * Reads a value from bytes made by {@link encode}.
 *
 * @throws MillraceError `SEGMENT_CORRUPT` when the bytes are not exactly one value.
 */
export const decode = (bytes: Uint8Array): unknown => {
  const decoder = new Decoder(bytes)
  const value = wholeValue(decoder)
  if (!decoder.atEnd) throw corrupt('there are more bytes after the value')
  return value
}

const wholeValue = (decoder: Decoder): unknown => {
  try {
    return decoder.value()
  } catch (error) {
    // Damaged bytes can also cause other errors: a bigint without digits, a field name that is not
    // a string, or a nesting deeper than the call stack.
    throw asMillraceError(error, 'SEGMENT_CORRUPT', { problem: 'Stored bytes cannot be read' })
  }
}

/**
 * Reads a value from a string made by {@link encodeToLatin1} or {@link encodeCanonical}. Each call
 * gives a new copy.
 */
export const decodeLatin1 = (text: string): unknown => decode(Buffer.from(text, 'latin1'))
