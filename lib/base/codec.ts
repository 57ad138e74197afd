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
import { Folder, Unfolder } from './folded.ts'

const encoder = new Encoder()

/** The first byte of a folded value. All tags are smaller. */
const FOLDED_FORM = 65

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
 * The same value in fewer bytes: the names of fields are written once for all objects that have the
 * same names in the same order. Bytes that would not become fewer stay as they are.
 */
export const fold = (bytes: Uint8Array): Uint8Array => {
  const code = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  const head = new Encoder()
  head.begin(false)
  head.byte(FOLDED_FORM)
  encoder.begin(false)
  const folder = new Folder(encoder)
  folder.fold(code)
  folder.writeShapes(head)
  const folded = Buffer.concat([head.bytes(), encoder.bytes()])
  return folded.byteLength < bytes.byteLength ? folded : bytes
}

/**
 * The bytes that {@link fold} was given.
 *
 * @throws MillraceError `SEGMENT_CORRUPT` when the bytes are not exactly one folded value.
 */
export const unfold = (bytes: Uint8Array): Uint8Array => {
  if (bytes[0] !== FOLDED_FORM) return bytes
  return readingStored(() => {
    const decoder = new Decoder(bytes.subarray(1))
    const unfolder = new Unfolder(decoder)
    encoder.begin(false)
    unfolder.unfold(encoder)
    if (!decoder.atEnd) throw corrupt('there are more bytes after the value')
    return encoder.bytes()
  })
}

/**
 * Reads a value from bytes made by {@link encode} or {@link fold}.
 *
 * @throws MillraceError `SEGMENT_CORRUPT` when the bytes are not exactly one value.
 */
export const decode = (bytes: Uint8Array): unknown => {
  const decoder = new Decoder(unfold(bytes))
  const value = readingStored(() => decoder.value())
  if (!decoder.atEnd) throw corrupt('there are more bytes after the value')
  return value
}

/**
 * Damaged bytes can also cause other errors: a bigint without digits, a field name that is not a
 * string, or a nesting deeper than the call stack.
 */
export const readingStored = <R>(read: () => R): R => {
  try {
    return read()
  } catch (error) {
    throw asMillraceError(error, 'SEGMENT_CORRUPT', { problem: 'Stored bytes cannot be read' })
  }
}

/**
 * Reads a value from a string made by {@link encodeToLatin1} or {@link encodeCanonical}. Each call
 * gives a new copy.
 */
export const decodeLatin1 = (text: string): unknown => decode(Buffer.from(text, 'latin1'))
