import { tags } from './codec-tags.ts'
import { CodedKey } from './coded-key.ts'
import { MillraceError } from './errors.ts'
import { setField } from './set-field.ts'

/** Reads one value after another from bytes; see codec.ts for the layout. */
export class Decoder {
  readonly buffer: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The position of the next byte. */
  get at(): number {
    return this.#at
  }

  /** The next byte, or undefined at the end. It is not taken. */
  get next(): number | undefined {
    return this.buffer[this.#at]
  }

  get atEnd(): boolean {
    return this.#at === this.buffer.length
  }

  /** A number of things that take at least one byte each. */
  count(): number {
    const count = this.varint()
    if (count > this.buffer.length - this.#at) throw corrupt('they end too early')
    return count
  }

  value(): unknown {
    const tag = this.byte()
    switch (tag) {
      case tags.null:
        return null
      case tags.undefined:
        return undefined
      case tags.false:
        return false
      case tags.true:
        return true
      case tags.integer:
        return this.#integer()
      case tags.float:
        return this.#float()
      case tags.text:
        return this.#text()
      case tags.utf16:
        return this.#utf16()
      case tags.bigint:
        return BigInt(this.#text())
      case tags.date:
        return new Date(this.#float())
      case tags.array:
        return this.#items()
      case tags.object:
        return this.#fields({})
      case tags.bare:
        return this.#fields(Object.create(null) as object)
      case tags.map:
        return this.#map()
      case tags.set:
        return new Set(this.#items())
      case tags.bytes:
        return new Uint8Array(this.#bytes())
      case tags.buffer:
        return Buffer.from(this.#bytes())
      case tags.frozen:
        return Object.freeze(this.value())
      case tags.codedKey:
        return new CodedKey(this.#bytes().toString('latin1'))
      default:
        throw corrupt(`unknown tag ${tag}`)
    }
  }

  #items(): unknown[] {
    const count = this.varint()
    // Not `new Array(count)`: a damaged count must not allocate gigabytes, and V8 should store the
    // array in its packed form.
    const items: unknown[] = []
    for (let i = 0; i < count; i++) items.push(this.value())
    return items
  }

  #fields(object: object): object {
    const count = this.varint()
    for (let i = 0; i < count; i++) {
      const name = this.value() as string
      const value = this.value()
      setField(object as Record<string, unknown>, name, value)
    }
    return object
  }

  #map(): Map<unknown, unknown> {
    const count = this.varint()
    const map = new Map<unknown, unknown>()
    for (let i = 0; i < count; i++) map.set(this.value(), this.value())
    return map
  }

  #integer(): number {
    const zigzag = this.varint()
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag - 1) / 2 - 1
  }

  #float(): number {
    const at = this.#at
    this.skip(8)
    return this.buffer.readDoubleLE(at)
  }

  #text(): string {
    const length = this.varint()
    const at = this.#at
    return this.buffer.toString('utf8', at, this.skip(length))
  }

  #utf16(): string {
    const units = this.varint()
    const at = this.#at
    return this.buffer.toString('utf16le', at, this.skip(units * 2))
  }

  #bytes(): Buffer {
    const length = this.varint()
    const at = this.#at
    return this.buffer.subarray(at, this.skip(length))
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 0x80
    }
  }

  byte(): number {
    const byte = this.buffer[this.#at++]
    if (byte === undefined) throw corrupt('they end too early')
    return byte
  }

  /** Moves forward and returns the new position. */
  skip(bytes: number): number {
    this.#at += bytes
    if (this.#at > this.buffer.length) throw corrupt('they end too early')
    return this.#at
  }
}

/** The error for bytes that the encoder did not write. */
export const corrupt = (what: string): MillraceError =>
  new MillraceError('SEGMENT_CORRUPT', { problem: `Stored bytes cannot be read: ${what}` })
