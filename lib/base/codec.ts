/**
 * The binary form of values in segments, plans and blocks. Own, because three things must hold together that no library gives: equal
 * values give equal bytes on every machine and in every run (B3), every JavaScript string comes back unchanged (lone surrogates too), and
 * whatever cannot come back unchanged is refused instead of bent.
 *
 * Layout: one tag byte, then by tag. Integers are zigzag varints, lengths are varints, floats are little-endian doubles. Fields of objects
 * keep their order, so that what is printed from a stored value is what was printed from the live one; in the *canonical* form, which keys
 * use, they are sorted by name and -0 is 0.
 */
import { asMillraceError, MillraceError, preview } from './errors.ts'

const Tag = { null: 0, undefined: 1, false: 2, true: 3, integer: 4, float: 5, text: 6, utf16: 7, bigint: 8, date: 9, array: 10, object: 11, bare: 12, map: 13, set: 14, bytes: 15 } as const

/** Whole numbers up to this stay exact when a zigzag doubles them; larger ones are stored as doubles. */
const ZIGZAG_MAX = 2 ** 52

const DEPTH_MAX = 200
const FIRST_BUFFER_BYTES = 1 << 16
/** A scratch buffer above this is given back after use instead of being kept. */
const KEPT_BUFFER_BYTES_MAX = 1 << 24

/** The class a value was made by, for messages. */
const kindOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? `an instance of ${(value.constructor as { name?: string } | undefined)?.name ?? 'an unknown class'}` : `a ${typeof value}`

class Encoder {
  #buffer: Buffer<ArrayBuffer> = Buffer.allocUnsafe(FIRST_BUFFER_BYTES)
  #end = 0
  #canonical = false

  begin(canonical: boolean): void {
    this.#end = 0
    this.#canonical = canonical
    if (this.#buffer.length > KEPT_BUFFER_BYTES_MAX) this.#buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES)
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
        return this.#byte(value ? Tag.true : Tag.false)
      case 'undefined':
        return this.#byte(Tag.undefined)
      case 'bigint':
        this.#byte(Tag.bigint)
        return this.#text(value.toString())
      case 'object':
        return value === null ? this.#byte(Tag.null) : this.#object(value, depth)
      default:
        throw unsupported(value)
    }
  }

  #object(value: object, depth: number): void {
    if (depth >= DEPTH_MAX) {
      throw new MillraceError('VALUE_UNSUPPORTED', { problem: `A value is nested more than ${DEPTH_MAX} deep, or contains itself`, fix: 'store ids instead of references that lead back' })
    }
    if (Array.isArray(value)) return this.#array(value, depth)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#fields(value, prototype === null && !this.#canonical ? Tag.bare : Tag.object, depth)
    if (prototype === Date.prototype) {
      this.#byte(Tag.date)
      return this.#float((value as Date).getTime())
    }
    if (value instanceof Uint8Array) return this.#bytes(value)
    if (prototype === Map.prototype) return this.#map(value as Map<unknown, unknown>, depth)
    if (prototype === Set.prototype) return this.#items(Tag.set, value as Set<unknown>, (value as Set<unknown>).size, depth)
    throw unsupported(value)
  }

  #array(value: readonly unknown[], depth: number): void {
    for (let i = 0; i < value.length; i++) {
      if (value[i] === undefined && !(i in value)) throw new MillraceError('VALUE_UNSUPPORTED', { problem: 'An array with holes cannot be stored', value, fix: 'fill the holes with null' })
    }
    this.#items(Tag.array, value, value.length, depth)
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
    this.#byte(Tag.map)
    this.#varint(value.size)
    for (const [key, item] of value) {
      this.value(key, depth + 1)
      this.value(item, depth + 1)
    }
  }

  #bytes(value: Uint8Array): void {
    this.#byte(Tag.bytes)
    this.#varint(value.byteLength)
    this.#reserve(value.byteLength)
    this.#buffer.set(value, this.#end)
    this.#end += value.byteLength
  }

  #string(value: string): void {
    if (value.isWellFormed()) {
      this.#byte(Tag.text)
      return this.#text(value)
    }
    // UTF-8 has no form for a lone surrogate: it would come back as U+FFFD and two keys would become one.
    this.#byte(Tag.utf16)
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
    if (Math.abs(canonicalZero) <= ZIGZAG_MAX && Number.isInteger(canonicalZero) && !Object.is(canonicalZero, -0)) {
      this.#byte(Tag.integer)
      return this.#varint(canonicalZero < 0 ? -(canonicalZero + 1) * 2 + 1 : canonicalZero * 2)
    }
    this.#byte(Tag.float)
    this.#float(canonicalZero)
  }

  #float(value: number): void {
    this.#reserve(8)
    // There are many bit patterns of NaN, and it must be one value here.
    this.#end = this.#buffer.writeDoubleLE(Number.isNaN(value) ? Number.NaN : value, this.#end)
  }

  /** Of a whole number up to 2^53: above 2^32 with divisions, since bit operations would cut it. */
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

const unsupported = (value: unknown): MillraceError =>
  new MillraceError('VALUE_UNSUPPORTED', {
    problem: `${kindOf(value)} cannot be stored: it would not come back as what it was`,
    value: preview(value),
    allowed: 'null, undefined, booleans, numbers, bigints, strings, dates, arrays, plain objects, Map, Set and Uint8Array of these',
    fix: 'turn it into a plain object first, for example with { ...value }',
  })

class Decoder {
  readonly #buffer: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get atEnd(): boolean {
    return this.#at === this.#buffer.length
  }

  value(): unknown {
    const tag = this.#byte()
    switch (tag) {
      case Tag.null:
        return null
      case Tag.undefined:
        return undefined
      case Tag.false:
        return false
      case Tag.true:
        return true
      case Tag.integer:
        return this.#integer()
      case Tag.float:
        return this.#float()
      case Tag.text:
        return this.#text()
      case Tag.utf16:
        return this.#utf16()
      case Tag.bigint:
        return BigInt(this.#text())
      case Tag.date:
        return new Date(this.#float())
      case Tag.array:
        return this.#items()
      case Tag.object:
        return this.#fields({})
      case Tag.bare:
        return this.#fields(Object.create(null) as object)
      case Tag.map:
        return this.#map()
      case Tag.set:
        return new Set(this.#items())
      case Tag.bytes:
        return this.#bytes()
      default:
        throw corrupt(`unknown tag ${tag}`)
    }
  }

  #items(): unknown[] {
    const count = this.#varint()
    // Not `new Array(count)`: a damaged count must not allocate gigabytes, and the array should be packed.
    const items: unknown[] = []
    for (let i = 0; i < count; i++) items.push(this.value())
    return items
  }

  #fields(object: object): object {
    const count = this.#varint()
    for (let i = 0; i < count; i++) {
      const name = this.value() as string
      const value = this.value()
      // Plain assignment to `__proto__` would set the prototype instead of a field.
      if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
      else (object as Record<string, unknown>)[name] = value
    }
    return object
  }

  #map(): Map<unknown, unknown> {
    const count = this.#varint()
    const map = new Map<unknown, unknown>()
    for (let i = 0; i < count; i++) map.set(this.value(), this.value())
    return map
  }

  #integer(): number {
    const zigzag = this.#varint()
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag - 1) / 2 - 1
  }

  #float(): number {
    const at = this.#at
    this.#skip(8)
    return this.#buffer.readDoubleLE(at)
  }

  #text(): string {
    const length = this.#varint()
    const at = this.#at
    return this.#buffer.toString('utf8', at, this.#skip(length))
  }

  #utf16(): string {
    const units = this.#varint()
    const at = this.#at
    return this.#buffer.toString('utf16le', at, this.#skip(units * 2))
  }

  #bytes(): Uint8Array {
    const length = this.#varint()
    const at = this.#at
    return new Uint8Array(this.#buffer.subarray(at, this.#skip(length)))
  }

  #varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 0x80
    }
  }

  #byte(): number {
    const byte = this.#buffer[this.#at++]
    if (byte === undefined) throw corrupt('it ends too early')
    return byte
  }

  /** Moves on and gives the new position. */
  #skip(bytes: number): number {
    this.#at += bytes
    if (this.#at > this.#buffer.length) throw corrupt('it ends too early')
    return this.#at
  }
}

const corrupt = (what: string): MillraceError => new MillraceError('SEGMENT_CORRUPT', { problem: `Stored bytes cannot be read: ${what}` })

const encoder = new Encoder()

/**
 * The bytes of a value; equal values give equal bytes.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED` for functions, symbols, class instances, arrays with holes and cycles.
 */
export const encode = (value: unknown): Uint8Array => {
  encoder.begin(false)
  encoder.value(value, 0)
  return encoder.bytes()
}

/** As {@link encode}, as a string of one character a byte: small, and compared with `===` at memory speed. */
export const encodeToLatin1 = (value: unknown): string => {
  encoder.begin(false)
  encoder.value(value, 0)
  return encoder.latin1()
}

/** The canonical form of a key, as a string of one character a byte: equal for keys that are equal by value. */
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
    // Damaged bytes can also be a bigint without digits, a name that is no text, or a nesting deeper than the call stack.
    throw asMillraceError(error, 'SEGMENT_CORRUPT', { problem: 'Stored bytes cannot be read' })
  }
}

/** The value of a string made by {@link encodeToLatin1} or {@link encodeCanonical}: a fresh one at each call. */
export const decodeLatin1 = (text: string): unknown => decode(Buffer.from(text, 'latin1'))
