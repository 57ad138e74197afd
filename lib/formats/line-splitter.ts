import {
  asBuffer,
  BYTE_ORDER_MARK,
  CR,
  LF,
  lineEnds,
  LineCollector,
  lineLimit,
  type LineOptions,
  REJECTED_BYTES_MAX,
  splitInto,
  type SplitLines,
} from './text-lines.ts'

/** Splits a text that comes in chunks; see {@link lineSplitter}. */
export interface LineSplitter {
  /** The lines that this chunk completes. The chunk may be used again after the call. */
  push(chunk: Uint8Array): SplitLines
  /** The last line, if it had no end. */
  end(): SplitLines
}

/** A buffer that had to grow above this is given back after use. */
const KEPT_BUFFER_BYTES_MAX = 64 * 1024

/**
 * The beginning of a line whose end has not come. Of one that is too long already, only what a
 * report of it needs.
 */
class UnfinishedLine {
  #bytes: Buffer = Buffer.alloc(0)
  #end = 0
  readonly #lineBytesMax: number
  /** How long the line is so far, kept or not. */
  sizeBytes = 0

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax
  }

  add(bytes: Buffer): void {
    this.sizeBytes += bytes.length
    if (this.sizeBytes <= this.#lineBytesMax) return this.#append(bytes)
    if (this.#end > REJECTED_BYTES_MAX) {
      this.#bytes = Buffer.from(this.#bytes.subarray(0, REJECTED_BYTES_MAX))
      this.#end = REJECTED_BYTES_MAX
    }
    this.#append(bytes.subarray(0, REJECTED_BYTES_MAX - this.#end))
  }

  /** Hands the line over, and begins the next one. */
  finish(collector: LineCollector, offset: number): void {
    collector.line(this.#bytes.subarray(0, this.#end), offset, this.sizeBytes)
    if (this.#bytes.length > KEPT_BUFFER_BYTES_MAX) this.#bytes = Buffer.alloc(0)
    this.#end = this.sizeBytes = 0
  }

  #append(bytes: Buffer): void {
    const end = this.#end + bytes.length
    if (end > this.#bytes.length) {
      // Doubled, so that a long line in small chunks is not copied over and over.
      const grown = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.#bytes.length))
      this.#bytes.copy(grown, 0, 0, this.#end)
      this.#bytes = grown
    }
    bytes.copy(this.#bytes, this.#end)
    this.#end = end
  }
}

class Splitter implements LineSplitter {
  readonly #lineBytesMax: number
  readonly #unfinished: UnfinishedLine
  /**
   * The first bytes of the text while they may still become a byte order mark; undefined once that
   * is known.
   */
  #mark: Buffer | undefined = Buffer.alloc(0)
  #afterReturn = false
  /** Where the next byte stands in the text. */
  #offset = 0

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax
    this.#unfinished = new UnfinishedLine(lineBytesMax)
  }

  push(chunk: Uint8Array): SplitLines {
    const collector = new LineCollector(this.#lineBytesMax)
    const bytes = this.#withoutPairedFeed(this.#withoutMark(asBuffer(chunk)))
    const cut = Math.max(bytes.lastIndexOf(LF), bytes.lastIndexOf(CR)) + 1
    const rest = cut === 0 ? 0 : this.#finishLine(collector, bytes)
    splitInto(collector, bytes.subarray(rest, cut), this.#offset + rest)
    this.#unfinished.add(bytes.subarray(cut))
    this.#offset += bytes.length
    return collector.result()
  }

  end(): SplitLines {
    const collector = new LineCollector(this.#lineBytesMax)
    if (this.#mark !== undefined) this.#unfinished.add(this.#mark)
    this.#offset += this.#mark?.length ?? 0
    this.#mark = undefined
    if (this.#unfinished.sizeBytes > 0)
      this.#unfinished.finish(collector, this.#offset - this.#unfinished.sizeBytes)
    return collector.result()
  }

  /**
   * Completes the unfinished line, if there is one, with bytes that hold its end. Gives how many of
   * them, with that end, it took.
   */
  #finishLine(collector: LineCollector, bytes: Buffer): number {
    const { sizeBytes } = this.#unfinished
    if (sizeBytes === 0) return 0
    const { end, next } = lineEnds(bytes)(0)
    this.#unfinished.add(bytes.subarray(0, end))
    this.#unfinished.finish(collector, this.#offset - sizeBytes)
    return next
  }

  #withoutMark(bytes: Buffer): Buffer {
    if (this.#mark === undefined) return bytes
    const begun = Buffer.concat([this.#mark, bytes])
    const first = begun.subarray(0, BYTE_ORDER_MARK.length)
    const isMark = first.equals(BYTE_ORDER_MARK.subarray(0, first.length))
    if (isMark && first.length < BYTE_ORDER_MARK.length) {
      this.#mark = begun
      return bytes.subarray(0, 0)
    }
    this.#mark = undefined
    this.#offset += isMark ? first.length : 0
    return isMark ? begun.subarray(first.length) : begun
  }

  /**
   * A \r ends a line at once, without waiting for a \n that may never come; if it is the first byte
   * of a later chunk, it is dropped.
   */
  #withoutPairedFeed(bytes: Buffer): Buffer {
    if (bytes.length === 0) return bytes
    const drop = this.#afterReturn && bytes[0] === LF
    this.#afterReturn = bytes.at(-1) === CR
    if (!drop) return bytes
    this.#offset += 1
    return bytes.subarray(1)
  }
}

/**
 * Splits a text that comes in chunks into its lines: the same lines as {@link splitLines} of the
 * whole. A line that becomes too long is let go as it arrives. In the answers, `index` counts from
 * the beginning of the answer, `offset` from the beginning of the text.
 */
export const lineSplitter = (options: LineOptions = {}): LineSplitter =>
  new Splitter(lineLimit(options))
