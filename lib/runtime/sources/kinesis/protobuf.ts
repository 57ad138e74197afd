/**
 * Reads the fields of one protobuf message, including unknown ones. Aggregated records need no
 * more.
 */

/** A field with its number. A varint is a bigint, any other value is its bytes. */
export interface ProtobufField {
  readonly number: number
  readonly value: bigint | Uint8Array
}

const VARINT = 0
const FIXED_64 = 1
const WITH_LENGTH = 2
const FIXED_32 = 5
const VARINT_BYTES_MAX = 10

/**
 * The fields of a message, in order. Undefined: the bytes are not a message. Byte values are views
 * into the message, not copies.
 */
export const protobufFields = (message: Uint8Array): readonly ProtobufField[] | undefined => {
  const reader = new Reader(message)
  const fields: ProtobufField[] = []
  while (!reader.isAtEnd) {
    const tag = reader.varint()
    if (tag === undefined) return undefined
    const value = reader.value(Number(tag & 7n))
    const number = Number(tag >> 3n)
    if (value === undefined || number === 0) return undefined
    fields.push({ number, value })
  }
  return fields
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.byteLength
  }

  varint(): bigint | undefined {
    let value = 0n
    for (let shift = 0n; shift < 7n * BigInt(VARINT_BYTES_MAX); shift += 7n) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) return undefined
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    return undefined
  }

  value(type: number): bigint | Uint8Array | undefined {
    if (type === VARINT) return this.varint()
    if (type === FIXED_64) return this.#take(8)
    if (type === FIXED_32) return this.#take(4)
    const length = type === WITH_LENGTH ? this.varint() : undefined
    return length === undefined ? undefined : this.#take(Number(length))
  }

  #take(length: number): Uint8Array | undefined {
    if (length > this.#bytes.byteLength - this.#at) return undefined
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}
