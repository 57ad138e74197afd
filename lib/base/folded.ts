/**
 * Folded values: encodings without the names of fields. The names of objects that have the same
 * ones are written once, in a table of *shapes*. A shape is the names of an object in their order.
 * Each object is its tag and its values; a list has the numbers of the shapes of all objects, in
 * the order of their tags.
 *
 * Folding works on encodings and not on values, so it is exact: what is unfolded is the encoding,
 * byte for byte.
 */
import { tags } from './codec-tags.ts'
import { corrupt, type Decoder } from './decoder.ts'
import type { Encoder } from './encoder.ts'

/** The names up to a field. Those with a number are the shape of an object. */
interface Names {
  readonly tag: number
  /** The last of them, encoded. */
  readonly name: string
  readonly before: Names | undefined
  readonly count: number
  shape: number | undefined
  /** What followed last, and all that has followed. */
  latest: Names | undefined
  readonly next: Map<string, Names>
}

const namesAfter = (before: Names, name: string): Names => ({
  tag: before.tag,
  name,
  before,
  count: before.count + 1,
  shape: undefined,
  latest: undefined,
  next: new Map(),
})

const noNames = (tag: number): Names => ({
  tag,
  name: '',
  before: undefined,
  count: 0,
  shape: undefined,
  latest: undefined,
  next: new Map(),
})

/** Folds encodings into an encoder, and collects their shapes. */
export class Folder {
  readonly #out: Encoder
  readonly #objects = noNames(tags.object)
  readonly #bares = noNames(tags.bare)
  readonly #shapes: Names[] = []
  readonly #numbers: number[] = []
  #code = ''
  #at = 0

  constructor(out: Encoder) {
    this.#out = out
  }

  /** Writes a value. `code`: its encoding, with one character for each byte. */
  fold(code: string): void {
    this.#code = code
    this.#at = 0
    this.#value()
  }

  /** Writes what an {@link Unfolder} reads first. */
  writeShapes(out: Encoder): void {
    out.varint(this.#shapes.length)
    for (const shape of this.#shapes) {
      out.byte(shape.tag)
      out.varint(shape.count)
      const names: string[] = []
      for (let one: Names | undefined = shape; one !== undefined; one = one.before)
        names.push(one.name)
      for (const name of names.toReversed()) out.raw(name, 0, name.length)
    }
    // With one shape, there is nothing to choose.
    if (this.#shapes.length < 2) return
    out.varint(this.#numbers.length)
    for (const number of this.#numbers) out.varint(number)
  }

  #value(): void {
    const tag = this.#code.charCodeAt(this.#at)
    if (tag === tags.object || tag === tags.bare) return this.#fields(tag)
    if (tag === tags.array || tag === tags.set) return this.#values(1)
    if (tag === tags.map) return this.#values(2)
    if (tag === tags.frozen) {
      this.#out.byte(tag)
      this.#at += 1
      return this.#value()
    }
    const from = this.#at
    this.#skipLeaf(tag)
    this.#out.raw(this.#code, from, this.#at)
  }

  #values(each: number): void {
    const from = this.#at++
    const count = this.#varint() * each
    this.#out.raw(this.#code, from, this.#at)
    for (let i = 0; i < count; i++) this.#value()
  }

  #fields(tag: number): void {
    this.#at += 1
    this.#out.byte(tag)
    const count = this.#varint()
    const place = this.#numbers.push(0) - 1
    let names = tag === tags.object ? this.#objects : this.#bares
    for (let i = 0; i < count; i++) {
      names = this.#nameAfter(names)
      this.#value()
    }
    names.shape ??= this.#shapes.push(names) - 1
    this.#numbers[place] = names.shape
  }

  /** Most objects have the names of the one before. An encoded name says itself where it ends. */
  #nameAfter(names: Names): Names {
    const { latest } = names
    if (latest !== undefined && this.#code.startsWith(latest.name, this.#at)) {
      this.#at += latest.name.length
      return latest
    }
    const from = this.#at
    this.#skipLeaf(this.#code.charCodeAt(from))
    const name = this.#code.slice(from, this.#at)
    const found = names.next.get(name) ?? namesAfter(names, name)
    names.next.set(name, found)
    names.latest = found
    return found
  }

  #skipLeaf(tag: number): void {
    this.#at += 1
    if (tag <= tags.true) return
    if (tag === tags.float || tag === tags.date) this.#at += 8
    else {
      const number = this.#varint()
      if (tag !== tags.integer) this.#at += tag === tags.utf16 ? number * 2 : number
    }
  }

  #varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.#code.charCodeAt(this.#at++)
      value += (byte & 0x7f) * scale
      // The end of a text is NaN, which is no byte: the encoder has written whole values.
      if (!(byte >= 0x80)) return value
      scale *= 0x80
    }
  }
}

interface Shape {
  readonly tag: number
  /** The number of names, and the place of each among the stored bytes. */
  readonly count: number
  readonly places: readonly number[]
}

/** Reads folded values back as encodings. */
export class Unfolder {
  readonly #in: Decoder
  readonly #shapes: readonly Shape[]
  readonly #numbers: readonly number[] | undefined
  #next = 0

  /** Begins with the shapes. */
  constructor(decoder: Decoder) {
    this.#in = decoder
    this.#shapes = Array.from({ length: decoder.count() }, () => this.#shape())
    this.#numbers =
      this.#shapes.length < 2
        ? undefined
        : Array.from({ length: decoder.count() }, () => decoder.varint())
  }

  #shape(): Shape {
    const tag = this.#in.byte()
    const count = this.#in.count()
    const places = [this.#in.at]
    for (let i = 0; i < count; i++) {
      const name = this.#in.byte()
      if (name !== tags.text && name !== tags.utf16) throw corrupt('a name is no text')
      this.#skipLeaf(name)
      places.push(this.#in.at)
    }
    return { tag, count, places }
  }

  /** Reads one value, and writes its encoding. */
  unfold(out: Encoder): void {
    const from = this.#in.at
    const tag = this.#in.byte()
    if (tag === tags.object || tag === tags.bare) return this.#fields(tag, out)
    const isMap = tag === tags.map
    if (isMap || tag === tags.array || tag === tags.set) {
      const count = this.#in.varint() * (isMap ? 2 : 1)
      out.copy(this.#in.buffer, from, this.#in.at)
      for (let i = 0; i < count; i++) this.unfold(out)
      return
    }
    if (tag === tags.frozen) {
      out.byte(tag)
      return this.unfold(out)
    }
    if (tag > tags.codedKey) throw corrupt(`unknown tag ${tag}`)
    this.#skipLeaf(tag)
    out.copy(this.#in.buffer, from, this.#in.at)
  }

  #fields(tag: number, out: Encoder): void {
    const shape =
      this.#shapes[this.#numbers === undefined ? 0 : (this.#numbers[this.#next++] ?? -1)]
    if (shape?.tag !== tag) throw corrupt('an object has no shape')
    out.byte(tag)
    out.varint(shape.count)
    const { buffer } = this.#in
    for (let i = 0; i < shape.count; i++) {
      out.copy(buffer, shape.places[i] as number, shape.places[i + 1] as number)
      this.unfold(out)
    }
  }

  /** Moves behind a value without parts, whose tag was read. */
  #skipLeaf(tag: number): void {
    if (tag <= tags.true) return
    if (tag === tags.float || tag === tags.date) this.#in.skip(8)
    else {
      const number = this.#in.varint()
      if (tag !== tags.integer) this.#in.skip(tag === tags.utf16 ? number * 2 : number)
    }
  }
}
