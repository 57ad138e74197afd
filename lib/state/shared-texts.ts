/**
 * A list of texts of bytes in which neighbours begin alike. Each text is the number of bytes that
 * it shares with the one before, and the rest:
 *
 *     shared bytes of each | lengths of the rests | rests
 */
import { corrupt, type Decoder } from '../base/decoder.ts'
import type { Encoder } from '../base/encoder.ts'

/** Writes the texts, one character for each byte. Does not write how many there are. */
export const writeSharedTexts = <T>(
  out: Encoder,
  all: readonly T[],
  textOf: (one: T) => string,
): void => {
  const texts = all.map(textOf)
  const shared = new Uint32Array(texts.length)
  let before = ''
  for (const [index, text] of texts.entries()) {
    shared[index] = sharedBytes(before, text)
    before = text
  }
  for (const bytes of shared) out.varint(bytes)
  for (const [index, text] of texts.entries()) out.varint(text.length - (shared[index] as number))
  for (const [index, text] of texts.entries()) out.raw(text, shared[index] as number, text.length)
}

const sharedBytes = (a: string, b: string): number => {
  const most = Math.min(a.length, b.length)
  let bytes = 0
  while (bytes < most && a.charCodeAt(bytes) === b.charCodeAt(bytes)) bytes += 1
  return bytes
}

/** More bytes cannot be shared: no text is longer. */
const SHARED_MAX = 2 ** 32 - 1

/** About so many bytes become one string. All keys of it stay in memory until the last is gone. */
const BYTES_AT_ONCE = 65_536

/** Up to this many bytes, a loop is faster than a call. */
const LOOP_MAX = 32

/** Texts that are read some at a time, in the order in which they were written. */
export class SharedTexts {
  readonly #from: Buffer
  readonly #shared: Uint32Array
  readonly #rests: Uint32Array
  #rest: number
  #next = 0
  #before: Buffer = Buffer.alloc(0)

  constructor(from: Buffer, shared: Uint32Array, rests: Uint32Array, rest: number) {
    this.#from = from
    this.#shared = shared
    this.#rests = rests
    this.#rest = rest
  }

  /** Whether all have been read. */
  get atEnd(): boolean {
    return this.#next === this.#shared.length
  }

  /**
   * The next texts: at most so many, and not many more bytes than `BYTES_AT_ONCE`. One string is
   * made of all their bytes, and each text is a part of it: several times faster than a string of
   * its own for each.
   */
  next(most: number, encoding: 'latin1' | 'utf16le'): readonly string[] {
    const first = this.#next
    const end = Math.min(first + most, this.#shared.length)
    const ends: number[] = []
    let total = 0
    let before = this.#before.length
    for (let i = first; i < end && total < BYTES_AT_ONCE; i++) {
      const shared = this.#shared[i] as number
      if (shared > before) throw corrupt('a key has no beginning')
      before = shared + (this.#rests[i] as number)
      total += before
      ends.push(total)
    }
    this.#next = first + ends.length
    const text = this.#expand(first, total, ends).toString(encoding)
    const unit = encoding === 'latin1' ? 1 : 2
    let from = 0
    return ends.map((stop) => text.substring(from / unit, (from = stop) / unit))
  }

  #expand(first: number, total: number, ends: readonly number[]): Buffer {
    const bytes = Buffer.allocUnsafe(total)
    let before = this.#before
    let from = 0
    let at = 0
    for (const [index, end] of ends.entries()) {
      const shared = this.#shared[first + index] as number
      if (shared > (index === 0 ? before.length : at - from))
        throw corrupt('a key has no beginning')
      copy(before, from, bytes, at, shared)
      copy(this.#from, this.#rest, bytes, at + shared, end - at - shared)
      this.#rest += end - at - shared
      before = bytes
      from = at
      at = end
    }
    this.#before = bytes.subarray(from, at)
    return bytes
  }
}

const copy = (from: Buffer, at: number, to: Buffer, place: number, length: number): void => {
  if (length > LOOP_MAX) {
    from.copy(to, place, at, at + length)
    return
  }
  for (let i = 0; i < length; i++) to[place + i] = from[at + i] as number
}

/** Begins to read a list of so many texts, and moves behind it. */
export const readSharedTexts = (decoder: Decoder, count: number): SharedTexts => {
  const shared = new Uint32Array(count)
  const rests = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    const bytes = decoder.varint()
    if (bytes > SHARED_MAX) throw corrupt('a key has no beginning')
    shared[i] = bytes
  }
  let total = 0
  for (let i = 0; i < count; i++) total += rests[i] = decoder.varint()
  const at = decoder.at
  decoder.skip(total)
  return new SharedTexts(decoder.buffer, shared, rests, at)
}
