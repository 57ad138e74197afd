/**
 * Bytes into lines of UTF-8 text, as Hadoop's line reader splits them: a line ends with \n, \r\n or
 * a lone \r; a last line without an end counts, an empty one does not; a byte order mark at the
 * beginning is no text. A line that is no text or too long is set aside, and only that line.
 */
import { constants, isUtf8 } from 'node:buffer'

/** A line longer than this is set aside unless told otherwise: 10 MiB. */
export const LINE_BYTES_MAX: number = 10 * 1024 * 1024

/** A line that could not be taken as text. */
export interface RejectedLine {
  readonly code: 'LINE_NOT_UTF8' | 'LINE_TOO_LONG'
  /** The bytes of the line, cut off after the first thousand. */
  readonly data: Uint8Array
  /** How many bytes the line has in all, without its end. */
  readonly sizeBytes: number
  /** How many good lines of the same answer came before it. */
  readonly index: number
  /** Where the line begins, in bytes from the beginning of the text. */
  readonly offset: number
}

/** What splitting gave. */
export interface SplitLines {
  readonly lines: readonly string[]
  readonly rejected: readonly RejectedLine[]
}

/** How lines are split. */
export interface LineOptions {
  /** The longest line taken, in bytes without its end. Default: {@link LINE_BYTES_MAX}. */
  readonly lineBytesMax?: number
}

/** The byte \n. */
export const LF: number = 0x0a
/** The byte \r. */
export const CR: number = 0x0d
/** U+FEFF, which some editors put before a text. */
export const BYTE_ORDER_MARK: Buffer = Buffer.from([0xef, 0xbb, 0xbf])
/** How much of a line set aside is kept. */
export const REJECTED_BYTES_MAX: number = 1_000
/**
 * About how much is made text at a time. Lines are slices that keep the whole text they were cut
 * from in memory, for as long as one of them is kept in somebody's state: so the texts are small.
 * It is also far below the longest string there can be.
 */
const PIECE_BYTES = 64 * 1024

/** The same bytes with the methods of a Buffer. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Where a line ends, and where the next one begins; at the end of the bytes both are there. */
export interface LineEnd {
  readonly end: number
  readonly next: number
}

/**
 * Finds the first end of a line at or after a place. Remembers where the next \n and \r are, for a
 * text without any \r would be searched to its end for every line.
 */
export const lineEnds = (buffer: Buffer): ((from: number) => LineEnd) => {
  const next = { lf: -1, cr: -1 }
  const seek = (byte: number, from: number): number => {
    const at = buffer.indexOf(byte, from)
    return at === -1 ? buffer.length : at
  }
  return (from) => {
    if (next.lf < from) next.lf = seek(LF, from)
    if (next.cr < from) next.cr = seek(CR, from)
    if (next.lf < next.cr) return { end: next.lf, next: next.lf + 1 }
    const isPair = next.lf === next.cr + 1 && next.lf < buffer.length
    return { end: next.cr, next: Math.min(next.cr + (isPair ? 2 : 1), buffer.length) }
  }
}

/** Collects what splitting gives. For {@link splitLines} and the splitter of chunks. */
export class LineCollector {
  readonly #lines: string[] = []
  readonly #rejected: RejectedLine[] = []
  readonly #lineBytesMax: number

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax
  }

  /**
   * Takes a whole line. `sizeBytes` is more than there is in `line` where the rest was not kept.
   */
  line(line: Buffer, offset: number, sizeBytes: number = line.length): void {
    if (sizeBytes > this.#lineBytesMax) this.#reject('LINE_TOO_LONG', line, offset, sizeBytes)
    else if (!isUtf8(line)) this.#reject('LINE_NOT_UTF8', line, offset, sizeBytes)
    else this.#lines.push(line.toString('utf8'))
  }

  /** Takes whole lines at once if all are good. */
  piece(piece: Buffer): boolean {
    if (piece.length > Math.min(this.#lineBytesMax, 2 * PIECE_BYTES) || !isUtf8(piece)) return false
    const text = piece.toString('utf8')
    const lines = piece.includes(CR) ? text.split(/\r\n|\n|\r/) : text.split('\n')
    // After the last line end there is nothing.
    if (lines.at(-1) === '') lines.pop()
    for (const line of lines) this.#lines.push(line)
    return true
  }

  result(): SplitLines {
    return { lines: this.#lines, rejected: this.#rejected }
  }

  #reject(code: RejectedLine['code'], line: Buffer, offset: number, sizeBytes: number): void {
    const data = new Uint8Array(line.subarray(0, REJECTED_BYTES_MAX))
    this.#rejected.push({ code, data, sizeBytes, index: this.#lines.length, offset })
  }
}

/** Splits all of the bytes into the collector; `offset` is where they begin in the text. */
export const splitInto = (collector: LineCollector, buffer: Buffer, offset: number): void => {
  const endOfLine = lineEnds(buffer)
  for (let at = 0; at < buffer.length;) {
    const pieceEnd = endOfLine(Math.min(at + PIECE_BYTES, buffer.length)).next
    if (!collector.piece(buffer.subarray(at, pieceEnd)))
      splitEach(collector, buffer.subarray(at, pieceEnd), offset + at)
    at = pieceEnd
  }
}

const splitEach = (collector: LineCollector, buffer: Buffer, offset: number): void => {
  const endOfLine = lineEnds(buffer)
  for (let at = 0; at < buffer.length;) {
    const { end, next } = endOfLine(at)
    collector.line(buffer.subarray(at, end), offset + at)
    at = next
  }
}

/**
 * No string can be longer than the engine allows, and text has at most as many characters as bytes.
 */
export const lineLimit = ({ lineBytesMax = LINE_BYTES_MAX }: LineOptions): number =>
  Math.min(lineBytesMax, constants.MAX_STRING_LENGTH)

/**
 * Splits a whole text into its lines.
 *
 * @example
 * ```ts
 * splitLines(Buffer.from('one\r\ntwo')).lines // ['one', 'two']
 * ```
 */
export const splitLines = (bytes: Uint8Array, options: LineOptions = {}): SplitLines => {
  const buffer = asBuffer(bytes)
  const start = buffer.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    ? BYTE_ORDER_MARK.length
    : 0
  const collector = new LineCollector(lineLimit(options))
  splitInto(collector, buffer.subarray(start), start)
  return collector.result()
}
