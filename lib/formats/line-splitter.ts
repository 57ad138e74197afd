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

/** Splits a text that arrives in chunks; see {@link lineSplitter}. */
export interface LineSplitter {
  /** The lines that this chunk completes. The caller may reuse the chunk after the call. */
  push(chunk: Uint8Array): SplitLines
  /** The last line, if it has no line end. */
  end(): SplitLines
}

/** A buffer that grew above this size is released after use. */
const KEPT_BUFFER_BYTES_MAX = 64 * 1024

/**
 * The beginning of a line whose end has not arrived yet. If the line is already too long, only the
 * bytes that its rejection needs are kept.
 */
class UnfinishedLine {
  #bytes: Buffer = Buffer.alloc(0)
  #end = 0
  readonly #lineBytesMax: number
  /** The length of the line so far, including bytes that were not kept. */
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

  /** Gives the line to the collector and begins the next one. */
  finish(collector: LineCollector, offset: number): void {
    collector.line(this.#bytes.subarray(0, this.#end), offset, this.sizeBytes)
    if (this.#bytes.length > KEPT_BUFFER_BYTES_MAX) this.#bytes = Buffer.alloc(0)
    this.#end = this.sizeBytes = 0
  }

  #append(bytes: Buffer): void {
    const end = this.#end + bytes.length
    if (end > this.#bytes.length) {
      // The size doubles, so that a long line in small chunks is not copied again and again.
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
   * The first bytes of the text, as long as they may still be the start of a byte order mark;
   * undefined after that is decided.
   */
  #mark: Buffer | undefined
  #afterReturn = false
  /** The position of the next byte in the text. */
  #offset: number

  constructor(lineBytesMax: number, from: number) {
    this.#mark = from === 0 ? Buffer.alloc(0) : undefined
    this.#offset = from
    this.#lineBytesMax = lineBytesMax
    this.#unfinished = new UnfinishedLine(lineBytesMax)
  }

  push(chunk: Uint8Array): SplitLines {
    const collector = new LineCollector(this.#lineBytesMax)
    const bytes = this.#withoutPairedFeed(this.#withoutMark(asBuffer(chunk)))
    const wholeEnd = Math.max(bytes.lastIndexOf(LF), bytes.lastIndexOf(CR)) + 1
    const rest = wholeEnd === 0 ? 0 : this.#finishLine(collector, bytes)
    splitInto(collector, bytes.subarray(rest, wholeEnd), this.#offset + rest)
    this.#unfinished.add(bytes.subarray(wholeEnd))
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
   * Completes the unfinished line, if there is one, with bytes that contain its end. Returns how
   * many bytes it used, including the line end.
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
   * A \r ends a line at once, because a \n may never follow. If a \n is the first byte of the next
   * chunk, it is dropped.
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
 * Splits a text that arrives in chunks into lines: the same lines that {@link splitLines} gives for
 * the whole text. The bytes of a line that becomes too long are dropped as they arrive. In each
 * result, `index` counts from the beginning of the result, and `offset` from the beginning of the
 * text.
 */
export const lineSplitter = (options: LineOptions = {}): LineSplitter =>
  new Splitter(lineLimit(options), options.from ?? 0)
