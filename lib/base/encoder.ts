import { types } from 'node:util'
import { tags } from './codec-tags.ts'
import { CodedKey } from './coded-key.ts'
import { MillraceError } from './errors.ts'
import { ignoreRejections } from './promises.ts'
import { isFrozen, oddArray, oddBuiltIn, oddBytes, oddField, oddObject } from './plain-values.ts'
import { kindOf, unsupportedError } from './unsupported.ts'

/**
 * Whole numbers up to this one stay exact when the zigzag form doubles them. Larger numbers are
 * stored as doubles.
 */
const ZIGZAG_MAX = 2 ** 52

const DEPTH_MAX = 200
/** The largest number that bit operations leave whole. */
const BITS_MAX = 2 ** 31 - 1
/** The length of short texts. It fits into one byte of a varint. */
const SHORT_MAX = 32
const FIRST_BUFFER_BYTES = 1 << 16
/** A buffer that grew above this size is released after use. */
const KEPT_BUFFER_BYTES_MAX = 1 << 24

/** Writes values one after another into its own buffer; see codec.ts for the layout. */
export class Encoder {
  #buffer: Buffer<ArrayBuffer> = Buffer.allocUnsafe(FIRST_BUFFER_BYTES)
  #end = 0
  #canonical = false
  /** The names and numbers that lead to the value that is being written. */
  readonly #path: (string | number)[] = []

  begin(canonical: boolean): void {
    this.#end = 0
    this.#canonical = canonical
    if (this.#buffer.length > KEPT_BUFFER_BYTES_MAX)
      this.#buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES)
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(0, this.#end))
  }

  latin1(): string {
    return this.#buffer.toString('latin1', 0, this.#end)
  }

  value(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        return this.#string(value)
      case 'number':
        return this.#number(value)
      case 'boolean':
        return this.byte(value ? tags.true : tags.false)
      case 'undefined':
        return this.byte(tags.undefined)
      case 'bigint':
        this.byte(tags.bigint)
        return this.#text(value.toString())
      case 'object':
        return value === null ? this.byte(tags.null) : this.#object(value, depth)
      default:
        throw this.#unsupported(value, depth)
    }
  }

  #object(value: object, depth: number): void {
    if (depth >= DEPTH_MAX) {
      throw new MillraceError('VALUE_UNSUPPORTED', {
        problem: `A value is nested more than ${DEPTH_MAX} deep, or contains itself`,
        fix: 'store ids instead of references to a containing object',
      })
    }
    if (types.isProxy(value)) throw this.#unsupported(value, depth, 'a Proxy')
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null)
      return this.#fields(value, prototype === null ? tags.bare : tags.object, depth)
    if (prototype === Array.prototype && Array.isArray(value)) return this.#array(value, depth)
    if (types.isUint8Array(value)) return this.#bytes(value, depth)
    if (prototype === Date.prototype && types.isDate(value)) return this.#date(value, depth)
    if (prototype === Map.prototype && types.isMap(value)) return this.#map(value, depth)
    if (prototype === Set.prototype && types.isSet(value)) return this.#set(value, depth)
    if (value instanceof CodedKey) return this.#codedKey(value)
    throw this.#unsupported(value, depth)
  }

  #codedKey({ code }: CodedKey): void {
    this.byte(tags.codedKey)
    this.varint(code.length)
    this.raw(code, 0, code.length)
  }

  /** Writes a part of a text that has one character for each byte. */
  raw(text: string, from: number, to: number): void {
    this.#reserve(to - from)
    if (to - from > SHORT_MAX) {
      this.#end += this.#buffer.write(text.slice(from, to), this.#end, 'latin1')
      return
    }
    for (let i = from; i < to; i++) this.#buffer[this.#end++] = text.charCodeAt(i)
  }

  /** Writes a part of other bytes. */
  copy(bytes: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from)
    if (to - from > SHORT_MAX) {
      this.#buffer.set(bytes.subarray(from, to), this.#end)
      this.#end += to - from
      return
    }
    for (let i = from; i < to; i++) this.#buffer[this.#end++] = bytes[i] as number
  }

  #date(value: Date, depth: number): void {
    this.#refuse(oddBuiltIn(value), value, depth)
    this.byte(tags.date)
    this.#float(value.getTime())
  }

  #array(value: readonly unknown[], depth: number): void {
    this.#refuse(oddArray(value), value, depth)
    if (!this.#canonical && isFrozen(value)) this.byte(tags.frozen)
    this.byte(tags.array)
    this.varint(value.length)
    for (let i = 0; i < value.length; i++) {
      this.#path[depth] = i
      this.value(value[i], depth + 1)
    }
  }

  #set(value: Set<unknown>, depth: number): void {
    this.#refuse(oddBuiltIn(value), value, depth)
    this.byte(tags.set)
    this.varint(value.size)
    let index = 0
    for (const item of value) {
      this.#path[depth] = index++
      this.value(item, depth + 1)
    }
  }

  #fields(value: object, tag: number, depth: number): void {
    const names = Object.keys(value)
    this.#refuse(oddObject(value, names), value, depth)
    const isValueFrozen = isFrozen(value)
    if (this.#canonical) names.sort()
    else if (isValueFrozen) this.byte(tags.frozen)
    this.byte(this.#canonical ? tags.object : tag)
    this.varint(names.length)
    for (const name of names) {
      this.#path[depth] = name
      const field = Object.getOwnPropertyDescriptor(value, name) as PropertyDescriptor
      this.#refuse(oddField(field, isValueFrozen), value, depth + 1)
      this.#string(name)
      this.value(field.value, depth + 1)
    }
  }

  #map(value: Map<unknown, unknown>, depth: number): void {
    this.#refuse(oddBuiltIn(value), value, depth)
    this.byte(tags.map)
    this.varint(value.size)
    let index = 0
    for (const [key, item] of value) {
      this.#path[depth] = `key ${index}`
      this.value(key, depth + 1)
      this.#path[depth] = `value ${index++}`
      this.value(item, depth + 1)
    }
  }

  #bytes(value: Uint8Array, depth: number): void {
    const prototype: unknown = Object.getPrototypeOf(value)
    const isBuffer = prototype === Buffer.prototype
    if (!isBuffer && prototype !== Uint8Array.prototype) throw this.#unsupported(value, depth)
    this.byte(isBuffer ? tags.buffer : tags.bytes)
    this.varint(value.byteLength)
    this.#reserve(value.byteLength)
    this.#buffer.set(value, this.#end)
    const written = this.#buffer.subarray(this.#end, this.#end + value.byteLength)
    const copy = isBuffer
      ? written
      : new Uint8Array(written.buffer, written.byteOffset, written.byteLength)
    this.#refuse(oddBytes(value, copy), value, depth)
    this.#end += value.byteLength
  }

  #refuse(odd: string | undefined, value: unknown, depth: number): void {
    if (odd !== undefined) throw this.#unsupported(value, depth, odd)
  }

  #unsupported(value: unknown, depth: number, what = kindOf(value)): MillraceError {
    ignoreRejections(value)
    return unsupportedError(value, what, this.#path.slice(0, depth))
  }

  #string(value: string): void {
    if (value.length <= SHORT_MAX && this.#short(value)) return
    if (value.isWellFormed()) {
      this.byte(tags.text)
      return this.#text(value)
    }
    // UTF-8 cannot hold a lone surrogate: it would be read back as U+FFFD, and two keys would
    // become one.
    this.byte(tags.utf16)
    this.varint(value.length)
    this.#reserve(value.length * 2)
    this.#end += this.#buffer.write(value, this.#end, 'utf16le')
  }

  /** Short ASCII texts are most names and words. A loop is faster than a call out of JavaScript. */
  #short(value: string): boolean {
    const { length } = value
    this.#reserve(2 + length)
    const buffer = this.#buffer
    const begin = this.#end + 2
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i)
      if (unit >= 0x80) return false
      buffer[begin + i] = unit
    }
    buffer[this.#end] = tags.text
    buffer[this.#end + 1] = length
    this.#end = begin + length
    return true
  }

  #text(value: string): void {
    const length = value.length
    this.#reserve(5 + length * 3)
    const bytes = Buffer.byteLength(value, 'utf8')
    this.varint(bytes)
    this.#end += this.#buffer.write(value, this.#end, bytes === length ? 'latin1' : 'utf8')
  }

  #number(value: number): void {
    // Small whole numbers, except 0: it needs a look at its sign.
    if (value > 0 && value < 0x40 && Number.isInteger(value)) {
      this.#reserve(2)
      this.#buffer[this.#end] = tags.integer
      this.#buffer[this.#end + 1] = value * 2
      this.#end += 2
      return
    }
    const canonicalZero = this.#canonical && value === 0 ? 0 : value
    if (
      Math.abs(canonicalZero) <= ZIGZAG_MAX &&
      Number.isInteger(canonicalZero) &&
      !Object.is(canonicalZero, -0)
    ) {
      this.byte(tags.integer)
      return this.varint(canonicalZero < 0 ? -(canonicalZero + 1) * 2 + 1 : canonicalZero * 2)
    }
    this.byte(tags.float)
    this.#float(canonicalZero)
  }

  #float(value: number): void {
    this.#reserve(8)
    // NaN has many bit patterns, and all must give the same bytes here.
    this.#end = this.#buffer.writeDoubleLE(Number.isNaN(value) ? Number.NaN : value, this.#end)
  }

  /**
   * Writes a whole number up to 2^53. Above 2^32 it divides, because bit operations would truncate
   * the number.
   */
  varint(value: number): void {
    this.#reserve(10)
    if (value < 0x80) {
      this.#buffer[this.#end++] = value
      return
    }
    let rest = value
    for (; rest > BITS_MAX; rest = Math.floor(rest / 0x80))
      this.#buffer[this.#end++] = (rest % 0x80) | 0x80
    for (; rest >= 0x80; rest >>>= 7) this.#buffer[this.#end++] = (rest & 0x7f) | 0x80
    this.#buffer[this.#end++] = rest
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#end++] = value
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#end + bytes))
    this.#buffer.copy(larger, 0, 0, this.#end)
    this.#buffer = larger
  }
}
