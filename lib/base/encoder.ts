import { tags } from './codec-tags.ts'
import { MillraceError } from './errors.ts'

/**
 * Whole numbers up to this one stay exact when the zigzag form doubles them. Larger numbers are
 * stored as doubles.
 */
const ZIGZAG_MAX = 2 ** 52

const DEPTH_MAX = 200
const FIRST_BUFFER_BYTES = 1 << 16
/** A buffer that grew above this size is released after use. */
const KEPT_BUFFER_BYTES_MAX = 1 << 24

/** The type of a value, for messages. */
const kindOf = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? 'an instance of ' +
      `${(value.constructor as { name?: string } | undefined)?.name ?? 'an unknown class'}`
    : `a ${typeof value}`

/** Writes values one after another into its own buffer; see codec.ts for the layout. */
export class Encoder {
  #buffer: Buffer<ArrayBuffer> = Buffer.allocUnsafe(FIRST_BUFFER_BYTES)
  #end = 0
  #canonical = false

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
        return this.#byte(value ? tags.true : tags.false)
      case 'undefined':
        return this.#byte(tags.undefined)
      case 'bigint':
        this.#byte(tags.bigint)
        return this.#text(value.toString())
      case 'object':
        return value === null ? this.#byte(tags.null) : this.#object(value, depth)
      default:
        throw unsupportedError(value)
    }
  }

  #object(value: object, depth: number): void {
    if (depth >= DEPTH_MAX) {
      throw new MillraceError('VALUE_UNSUPPORTED', {
        problem: `A value is nested more than ${DEPTH_MAX} deep, or contains itself`,
        fix: 'store ids instead of references to a containing object',
      })
    }
    if (Array.isArray(value)) return this.#array(value, depth)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null)
      return this.#fields(
        value,
        prototype === null && !this.#canonical ? tags.bare : tags.object,
        depth,
      )
    if (prototype === Date.prototype) {
      this.#byte(tags.date)
      return this.#float((value as Date).getTime())
    }
    if (value instanceof Uint8Array) return this.#bytes(value)
    if (prototype === Map.prototype) return this.#map(value as Map<unknown, unknown>, depth)
    if (prototype === Set.prototype)
      return this.#items(tags.set, value as Set<unknown>, (value as Set<unknown>).size, depth)
    throw unsupportedError(value)
  }

  #array(value: readonly unknown[], depth: number): void {
    for (let i = 0; i < value.length; i++) {
      if (value[i] === undefined && !(i in value))
        throw new MillraceError('VALUE_UNSUPPORTED', {
          problem: 'An array with holes cannot be stored',
          value,
          fix: 'fill the holes with null',
        })
    }
    this.#items(tags.array, value, value.length, depth)
  }

  #items(tag: number, items: Iterable<unknown>, count: number, depth: number): void {
    this.#byte(tag)
    this.#varint(count)
    for (const item of items) this.value(item, depth + 1)
  }

  #fields(value: object, tag: number, depth: number): void {
    const names = Object.keys(value)
    if (this.#canonical) names.sort()
    this.#byte(tag)
    this.#varint(names.length)
    for (const name of names) {
      this.#string(name)
      this.value((value as Record<string, unknown>)[name], depth + 1)
    }
  }

  #map(value: Map<unknown, unknown>, depth: number): void {
    this.#byte(tags.map)
    this.#varint(value.size)
    for (const [key, item] of value) {
      this.value(key, depth + 1)
      this.value(item, depth + 1)
    }
  }

  #bytes(value: Uint8Array): void {
    this.#byte(tags.bytes)
    this.#varint(value.byteLength)
    this.#reserve(value.byteLength)
    this.#buffer.set(value, this.#end)
    this.#end += value.byteLength
  }

  #string(value: string): void {
    if (value.isWellFormed()) {
      this.#byte(tags.text)
      return this.#text(value)
    }
    // UTF-8 cannot hold a lone surrogate: it would be read back as U+FFFD, and two keys would
    // become one.
    this.#byte(tags.utf16)
    this.#varint(value.length)
    this.#reserve(value.length * 2)
    this.#end += this.#buffer.write(value, this.#end, 'utf16le')
  }

  #text(value: string): void {
    const length = value.length
    this.#reserve(5 + length * 3)
    const bytes = Buffer.byteLength(value, 'utf8')
    this.#varint(bytes)
    this.#end += this.#buffer.write(value, this.#end, bytes === length ? 'latin1' : 'utf8')
  }

  #number(value: number): void {
    const canonicalZero = this.#canonical && value === 0 ? 0 : value
    if (
      Math.abs(canonicalZero) <= ZIGZAG_MAX &&
      Number.isInteger(canonicalZero) &&
      !Object.is(canonicalZero, -0)
    ) {
      this.#byte(tags.integer)
      return this.#varint(canonicalZero < 0 ? -(canonicalZero + 1) * 2 + 1 : canonicalZero * 2)
    }
    this.#byte(tags.float)
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
  #varint(value: number): void {
    this.#reserve(10)
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#end++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#end++] = rest
  }

  #byte(value: number): void {
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

const unsupportedError = (value: unknown): MillraceError =>
  new MillraceError('VALUE_UNSUPPORTED', {
    problem: `${kindOf(value)} cannot be stored: it could not be read back unchanged`,
    value,
    allowed:
      'null, undefined, booleans, numbers, bigints, strings, dates, arrays, plain objects, ' +
      'Map, Set and Uint8Array of these',
    fix: 'turn it into a plain object first, for example with { ...value }',
  })
