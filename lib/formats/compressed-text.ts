/**
 * The text of a compressed file, read part by part. Neither the compressed bytes nor the text are
 * ever in memory as a whole.
 *
 * Compressed data can only be read from its beginning on. So parts that are read one after the
 * other cost one pass, and a jump back begins again. A second place is kept in the file: a part
 * that is computed again, because a record of it is bad, begins where a part before has ended.
 */
import {
  type Compression,
  type FileLabels,
  isUtf16,
  recognise,
  RECOGNISED_BYTES,
} from './compression.ts'
import { Decompressor } from './decompressor.ts'
import { contentTooLarge, corrupt, cutOff, unsupported } from './file-errors.ts'
import { contentBytesMax, type FileLimits } from './file-limits.ts'
import { type LineBytes, readLines } from './line-range.ts'

interface Range {
  readonly from: number
  readonly to: number
}

/** A compressed file. */
export interface CompressedFile extends FileLabels {
  readonly compression: Compression
  readonly sizeBytes: number
  /** How many compressed bytes are read at a time. */
  readonly readBytes: number
  /** Reads some of the compressed bytes. */
  readonly read: (range: Range) => Promise<Uint8Array>
}

/** The content of the file in pieces. They are read and decompressed when they are asked for. */
async function* contentOf(file: CompressedFile): AsyncGenerator<Buffer> {
  const { sizeBytes, readBytes, compression } = file
  const decompressor = new Decompressor(compression, file)
  try {
    for (let from = 0; from < sizeBytes; from += readBytes) {
      const to = Math.min(from + readBytes, sizeBytes)
      yield* decompressor.push(await file.read({ from, to }))
    }
    yield* decompressor.end()
  } finally {
    decompressor.close()
  }
}

/** What a whole file has. */
export interface CheckedContent {
  /** The size of its text. Undefined: it is not UTF-8 itself, but UTF-16, or compressed again. */
  readonly textBytes: number | undefined
}

/**
 * Reads a file once, and forgets it: so a file that is damaged at its end is known before any line
 * of it counts.
 *
 * @throws MillraceError `OBJECT_CORRUPT`, `OBJECT_TOO_LARGE`, `OBJECT_UNSUPPORTED`.
 */
export const checkContent = async (
  file: CompressedFile,
  limits: FileLimits,
): Promise<CheckedContent> => {
  const most = contentBytesMax(file.sizeBytes, limits)
  let textBytes = 0
  let first: Buffer | undefined = Buffer.alloc(0)
  for await (const piece of contentOf(file)) {
    textBytes += piece.length
    if (textBytes > most) throw contentTooLarge(file, file.sizeBytes, limits)
    if (first === undefined) continue
    first = Buffer.concat([first, piece.subarray(0, RECOGNISED_BYTES)])
    if (first.length < RECOGNISED_BYTES) continue
    if (!isUtf8Text(first, file)) return { textBytes: undefined }
    first = undefined
  }
  if (first !== undefined && !isUtf8Text(first, file)) return { textBytes: undefined }
  return { textBytes }
}

const isUtf8Text = (first: Buffer, file: FileLabels): boolean => {
  const found = recognise(first, [])
  if (found.kind === 'unsupported') throw unsupported(file, found.name)
  return found.kind === 'plain' && !isUtf16(first)
}

/** How many places in a file are kept. */
const PLACES = 2

/** See the head of this file. */
export class CompressedText {
  readonly #file: CompressedFile
  readonly #textBytes: number
  /** The one that was used last is the last. */
  #places: readonly Place[] = []
  #before: Promise<unknown> = Promise.resolve()

  /** `textBytes`: the size of its text. */
  constructor(file: CompressedFile, textBytes: number) {
    this.#file = file
    this.#textBytes = textBytes
  }

  /** The bytes of the lines that begin in a part of the text. Reads run one after the other. */
  lines(range: Range): Promise<LineBytes> {
    return this.#inTurn(() => this.#linesOf(range))
  }

  /** Some bytes of the text. Reads that begin near one before them cost no new pass. */
  bytes(range: Range): Promise<Uint8Array> {
    return this.#inTurn(() => this.#bytesOf(range))
  }

  #inTurn<T>(read: () => Promise<T>): Promise<T> {
    const turn = this.#before.then(read)
    this.#before = turn.catch(() => undefined)
    return turn
  }

  async #bytesOf(range: Range): Promise<Uint8Array> {
    const place = this.#take(range.from)
    try {
      const bytes = await place.read(range)
      this.#keep(place, range.from)
      return bytes
    } catch (error) {
      place.leave()
      throw error
    }
  }

  async #linesOf(range: Range): Promise<LineBytes> {
    const place = this.#take(Math.max(0, range.from - 1))
    try {
      const read = (some: Range): Promise<Buffer> => place.read(some)
      const lines = await readLines({ ...range, sizeBytes: this.#textBytes, read })
      if (range.to >= this.#textBytes) place.leave()
      else this.#keep(place, range.to - 1)
      return lines
    } catch (error) {
      // What comes next is not known any more.
      place.leave()
      throw error
    }
  }

  /** The place from which `from` is reached soonest. It is no longer kept. */
  #take(from: number): Place {
    const before = this.#places.filter(({ at }) => at <= from)
    const [first = new Place(this.#file), ...others] = before
    const nearest = others.reduce((best, one) => (one.at > best.at ? one : best), first)
    this.#places = this.#places.filter((one) => one !== nearest)
    return nearest
  }

  #keep(place: Place, from: number): void {
    place.forget(from)
    const places = [...this.#places, place]
    for (const old of places.slice(0, -PLACES)) old.leave()
    this.#places = places.slice(-PLACES)
  }
}

/** A place in a text, and the text after it as far as it is known. */
class Place {
  /** Where the known text begins. */
  at = 0
  #known: Buffer = Buffer.alloc(0)
  readonly #file: CompressedFile
  readonly #content: AsyncGenerator<Buffer>

  constructor(file: CompressedFile) {
    this.#file = file
    this.#content = contentOf(file)
  }

  /** A part of the text, not before this place. */
  async read({ from, to }: Range): Promise<Buffer> {
    let pieces = [this.#known]
    let end = this.at + this.#known.length
    while (end < to) {
      const next = await this.#content.next()
      if (next.done === true) throw corrupt(this.#file, cutOff(this.#file.compression))
      // All so far is before the part.
      if (end <= from) [pieces, this.at] = [[], end]
      pieces.push(next.value)
      end += next.value.length
    }
    if (pieces.length > 1 || pieces[0] !== this.#known) this.#known = Buffer.concat(pieces)
    return this.#known.subarray(from - this.at, to - this.at)
  }

  /** Forgets the text before an offset. */
  forget(before: number): void {
    // A copy, so that the rest of the memory is free.
    this.#known = Buffer.from(this.#known.subarray(before - this.at))
    this.at = before
  }

  leave(): void {
    this.#known = Buffer.alloc(0)
    void this.#content.return(undefined)
  }
}
