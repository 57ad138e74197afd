/**
 * Text in UTF-16, as some programs of Windows write it, made UTF-8. A byte order mark says that a
 * text is UTF-16. Text in UTF-8 cannot begin with these bytes.
 */
import { TextDecoder } from 'node:util'

const UTF_16_MARKS = [
  ['utf-16le', 0xff, 0xfe],
  ['utf-16be', 0xfe, 0xff],
] as const

/**
 * The same text in UTF-8, in pieces. A character that a piece cuts is completed by the next one.
 *
 * @throws TypeError while it is iterated, if the text begins as UTF-16 and goes on as something
 * else.
 * @example utf8Of([Buffer.from('\ufeffto be', 'utf16le')]) // pieces of 'to be' in UTF-8
 */
export function* utf8Of(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let decoder: TextDecoder | undefined
  let first: Uint8Array | undefined = new Uint8Array()
  for (const piece of pieces) {
    let next = piece
    if (first !== undefined) {
      next = first.length === 0 ? piece : Buffer.concat([first, piece])
      first = next.length < 2 ? next : undefined
      if (first !== undefined) continue
      decoder = decoderFor(next)
    }
    if (decoder === undefined) yield next
    else yield* decoded(decoder, next)
  }
  if (first !== undefined) yield first
  if (decoder !== undefined) yield Buffer.from(decoder.decode(), 'utf8')
}

const decoderFor = (first: Uint8Array): TextDecoder | undefined => {
  const found = UTF_16_MARKS.find(([, one, two]) => first[0] === one && first[1] === two)
  return found === undefined ? undefined : new TextDecoder(found[0], { fatal: true })
}

/** Decodes a little at a time, because a string has a largest length. */
const DECODED_BYTES = 64 * 1024

function* decoded(decoder: TextDecoder, piece: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < piece.length; at += DECODED_BYTES) {
    const part = piece.subarray(at, at + DECODED_BYTES)
    yield Buffer.from(decoder.decode(part, { stream: true }), 'utf8')
  }
}
