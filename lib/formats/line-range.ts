/**
 * The lines of a part of a text. A line belongs to the part in which it begins, wherever it ends.
 * So the parts of a text have all of its lines, each of them once, as Hadoop's splits do.
 */
import { isUtf8 } from 'node:buffer'
import { lineSplitter } from './line-splitter.ts'
import {
  asBuffer,
  LINE_BYTES_MAX,
  lineEnds,
  linePieces,
  type SplitLines,
  withoutMark,
} from './text-lines.ts'

/** Bytes of a text, from `from` up to, but not including, `to`. */
interface Range {
  readonly from: number
  readonly to: number
}

/** What is read beyond the end of a part at first. Then it doubles. */
const BEYOND_BYTES = 64 * 1024
const BEYOND_BYTES_MAX = 8 * 1024 * 1024

/** What {@link readLines} needs. */
export interface LineRange extends Range {
  /** The size of the whole text. */
  readonly sizeBytes: number
  /** Reads some bytes of the text. */
  readonly read: (range: Range) => Promise<Uint8Array>
}

/** The bytes of some whole lines. */
export interface LineBytes {
  /** Where they begin in their text. */
  readonly from: number
  /** Several, if a line is very long. */
  readonly pieces: readonly Buffer[]
}

/** Reads the bytes of the lines that begin in a part of a text of UTF-8. */
export const readLines = async (range: LineRange): Promise<LineBytes> => {
  const { from, to, sizeBytes, read } = range
  // The byte before the part says whether a line begins with the part.
  const begin = Math.max(0, from - 1)
  const firstEnd = Math.min(to + BEYOND_BYTES, sizeBytes)
  const first = asBuffer(await read({ from: begin, to: firstEnd }))
  const start = from === 0 ? 0 : begin + lineEnds(first)(0).next
  if (start >= Math.min(to, sizeBytes)) return { from: start, pieces: [] }

  const last = to >= sizeBytes ? undefined : endAfter(first, to - 1 - begin)
  const pieces = [first.subarray(start - begin, last)]
  let isEnded = last !== undefined
  let bytes = BEYOND_BYTES
  for (let at = firstEnd; !isEnded && at < sizeBytes; at += bytes) {
    bytes = Math.min(2 * bytes, BEYOND_BYTES_MAX, sizeBytes - at)
    const more = asBuffer(await read({ from: at, to: at + bytes }))
    const end = endAfter(more, 0)
    pieces.push(more.subarray(0, end))
    isEnded = end !== undefined
  }
  return { from: start, pieces }
}

/** The lines. Offsets count from the beginning of the text. */
export const splitRange = ({ from, pieces }: LineBytes): readonly SplitLines[] => {
  const splitter = lineSplitter({ from })
  return [...pieces.map((piece) => splitter.push(piece)), splitter.end()]
}

/**
 * The lines piece by piece, made as they are iterated, if none of them can be rejected. Undefined:
 * some might be.
 */
export const goodLines = ({
  from,
  pieces,
}: LineBytes): (() => Iterable<readonly string[]>) | undefined => {
  const [bytes = Buffer.alloc(0), ...more] = pieces
  if (more.length > 0 || bytes.length > LINE_BYTES_MAX || !isUtf8(bytes)) return undefined
  return () => linePieces(from === 0 ? withoutMark(bytes) : bytes)
}

/** Where the line that reaches an index ends, with its line end. Undefined: not in these bytes. */
const endAfter = (bytes: Buffer, index: number): number | undefined => {
  const { end, next } = lineEnds(bytes)(index)
  return end < bytes.length ? next : undefined
}
