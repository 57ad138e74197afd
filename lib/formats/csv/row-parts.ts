/**
 * Parts of a CSV file, each of whole rows. A row belongs to the part in which it begins. Whether a
 * line end is inside quotes is known only from the beginning of the file on. So where a part begins
 * is found by the part before it. Parts that are read in order find that as they go; one that is
 * read alone scans the parts before it, which is much faster than parsing them.
 */
import type { SizedFile } from '../file-format.ts'
import { asBuffer } from '../text-lines.ts'
import { type Dialect, RowScanner } from './scan.ts'

const BEYOND_BYTES = 64 * 1024
/** Rows are parsed so many bytes at a time. If one is bad, only these are read again. */
const PIECE_BYTES = 64 * 1024

/** See the head of this file. */
export class RowParts {
  readonly #file: SizedFile
  readonly #dialect: Dialect
  /** Where the first rows of the parts begin, as far as it is known. */
  readonly #starts: number[]
  #before: Promise<unknown> = Promise.resolve()

  /** `from`: where the first row begins. */
  constructor(file: SizedFile, dialect: Dialect, from: number) {
    this.#file = file
    this.#dialect = dialect
    this.#starts = [from]
  }

  get count(): number {
    const { sizeBytes, partBytes } = this.#file
    return Math.ceil(sizeBytes / partBytes)
  }

  /** The rows of a part, in pieces of whole rows. Reads run one after the other. */
  read(part: number): Promise<readonly Buffer[]> {
    const rows = this.#before.then(() => this.#read(part))
    this.#before = rows.catch(() => undefined)
    return rows
  }

  async #read(part: number): Promise<readonly Buffer[]> {
    for (let next = this.#starts.length - 1; next < part; next++) await this.#rowsOf(next)
    return this.#rowsOf(part)
  }

  async #rowsOf(part: number): Promise<readonly Buffer[]> {
    const from = this.#starts[part] as number
    const { sizeBytes, partBytes } = this.#file
    const until = Math.min((part + 1) * partBytes, sizeBytes)
    const pieces = from >= until ? [] : await this.#rowsBetween(from, until)
    this.#starts[part + 1] = pieces.reduce((end, piece) => end + piece.length, from)
    return pieces
  }

  /** The rows that begin in a range. What is read beyond it doubles, if its last row is long. */
  async #rowsBetween(from: number, until: number): Promise<readonly Buffer[]> {
    const { sizeBytes, read } = this.#file
    let bytes: Buffer = Buffer.alloc(0)
    const ends: number[] = [0]
    let row = 0
    for (let more = BEYOND_BYTES; ; more *= 2) {
      const to = Math.min(Math.max(until, from + bytes.length) + more, sizeBytes)
      bytes = Buffer.concat([bytes, asBuffer(await read(from + bytes.length, to))])
      const scanner = new RowScanner(bytes, this.#dialect, to === sizeBytes)
      while (from + row < until) {
        const end = scanner.endOf(row)
        if (end === undefined) break
        row = end
        if (row - (ends.at(-1) as number) >= PIECE_BYTES || from + row >= until) ends.push(row)
      }
      if (from + row >= until)
        return ends.slice(1).map((end, index) => bytes.subarray(ends[index], end))
    }
  }
}
