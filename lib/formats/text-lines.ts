/**
 * Splits bytes into lines of UTF-8 text, by the same rules as Hadoop's line reader. A line ends
 * with \n, \r\n or a lone \r. A last line without a line end counts, unless it is empty. A byte
 * order mark at the beginning is not part of the text. A line that is not UTF-8 or is too long is
 * rejected; the other lines are not affected.
 */
import { constants, isUtf8 } from 'node:buffer'

/** The default limit: a longer line is rejected. 10 MiB. */
export const LINE_BYTES_MAX: number = 10 * 1024 * 1024

/** A line that is not usable as text. */
export interface RejectedLine {
  readonly code: 'LINE_NOT_UTF8' | 'LINE_TOO_LONG'
  /** The bytes of the line, at most the first thousand. */
  readonly data: Uint8Array
  /** The size of the whole line in bytes, without its line end. */
  readonly sizeBytes: number
  /** The number of good lines before it in the same result. */
  readonly index: number
  /** Where the line begins, in bytes from the beginning of the text. */
  readonly offset: number
}

/** The result of splitting. */
export interface SplitLines {
  readonly lines: readonly string[]
  readonly rejected: readonly RejectedLine[]
}

/** Settings of the splitting. */
export interface LineOptions {
  /** The longest line accepted, in bytes without its line end. Default: {@link LINE_BYTES_MAX}. */
  readonly lineBytesMax?: number
  /**
   * Where the bytes begin in their text. Beyond 0, a byte order mark is part of a line. Default 0.
   */
  readonly from?: number
}

/** The byte \n. */
export const LF: number = 0x0a
/** The byte \r. */
export const CR: number = 0x0d
/** U+FEFF, which some editors write before a text. */
export const BYTE_ORDER_MARK: Buffer = Buffer.from([0xef, 0xbb, 0xbf])
/** How many bytes of a rejected line are kept. */
export const REJECTED_BYTES_MAX: number = 1_000
/**
 * About how many bytes are decoded at a time. A line is a slice of the string it was taken from,
 * and it keeps that whole string in memory, for example while it is in the state of a pipeline. So
 * the strings are small. This size is also far below the longest possible string.
 */
const PIECE_BYTES = 64 * 1024

/** The same bytes with the methods of a Buffer. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The end of a line, and the beginning of the next one. At the end of the bytes both are equal. */
export interface LineEnd {
  readonly end: number
  readonly next: number
}

/**
 * Finds the first line end at or after an offset. It remembers the positions of the next \n and \r:
 * otherwise, in a text without any \r, every line would cause a search to the end of the text.
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

/** Collects lines and rejected lines, for {@link splitLines} and the splitter of chunks. */
export class LineCollector {
  readonly #lines: string[] = []
  readonly #rejected: RejectedLine[] = []
  readonly #lineBytesMax: number

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax
  }

  /** Adds a whole line. `sizeBytes` is larger than `line` when not all bytes were kept. */
  line(line: Buffer, offset: number, sizeBytes: number = line.length): void {
    if (sizeBytes > this.#lineBytesMax) this.#reject('LINE_TOO_LONG', line, offset, sizeBytes)
    else if (!isUtf8(line)) this.#reject('LINE_NOT_UTF8', line, offset, sizeBytes)
    else this.#lines.push(line.toString('utf8'))
  }

  /** Adds several whole lines at once, if all of them are good. Returns whether it did. */
  piece(piece: Buffer): boolean {
    if (piece.length > Math.min(this.#lineBytesMax, 2 * PIECE_BYTES) || !isUtf8(piece)) return false
    for (const line of linesIn(piece)) this.#lines.push(line)
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

/**
 * Splits all of the bytes into the collector. `offset` is the position of the bytes in the text.
 */
export const splitInto = (collector: LineCollector, buffer: Buffer, offset: number): void => {
  const endOfLine = lineEnds(buffer)
  for (let at = 0; at < buffer.length;) {
    const pieceEnd = endOfLine(Math.min(at + PIECE_BYTES, buffer.length)).next
    if (!collector.piece(buffer.subarray(at, pieceEnd)))
      splitEach(collector, buffer.subarray(at, pieceEnd), offset + at)
    at = pieceEnd
  }
}

/** The lines of whole lines of good text. */
const linesIn = (piece: Buffer): string[] => {
  const text = piece.toString('utf8')
  const lines = piece.includes(CR) ? text.split(/\r\n|\n|\r/) : text.split('\n')
  // The text after the last line end is empty.
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** The lines of good text, in pieces that are made as they are iterated. */
export function* linePieces(buffer: Buffer): Generator<readonly string[]> {
  const endOfLine = lineEnds(buffer)
  for (let at = 0; at < buffer.length;) {
    const pieceEnd = endOfLine(Math.min(at + PIECE_BYTES, buffer.length)).next
    yield linesIn(buffer.subarray(at, pieceEnd))
    at = pieceEnd
  }
}

/** Whether a line has more than white space. */
export const isNotBlank = (line: string): boolean => {
  const first = line.charCodeAt(0)
  // Most lines begin with a letter of ASCII.
  return (first > 0x20 && first < 0x7f) || /\S/.test(line)
}

/** A text without its byte order mark, if it has one. */
export const withoutMark = (buffer: Buffer): Buffer =>
  buffer.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    ? buffer.subarray(BYTE_ORDER_MARK.length)
    : buffer

const splitEach = (collector: LineCollector, buffer: Buffer, offset: number): void => {
  const endOfLine = lineEnds(buffer)
  for (let at = 0; at < buffer.length;) {
    const { end, next } = endOfLine(at)
    collector.line(buffer.subarray(at, end), offset + at)
    at = next
  }
}

/**
 * The limit, at most the longest string of the engine. A text has at most as many characters as
 * bytes.
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
  const text = withoutMark(buffer)
  const collector = new LineCollector(lineLimit(options))
  splitInto(collector, text, buffer.length - text.length)
  return collector.result()
}
