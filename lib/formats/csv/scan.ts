/**
 * Where the rows of CSV begin and end. A row ends with \n, \r\n or a lone \r outside of quotes. A
 * quote opens only at the beginning of a field, and closes at the next quote that is not doubled,
 * or not escaped.
 *
 * A quote that is never closed would make one row of the whole rest of a file. So a row has a
 * largest size: a longer one, or one that the file ends in, ends at its first line end instead.
 * It is bad then, and the rows after it are not affected.
 */
import { CR, LF } from '../text-lines.ts'

/** The characters that matter, as bytes. */
export interface Dialect {
  readonly delimiter: number
  /** -1: there are no quotes. */
  readonly quote: number
  /** What stands before a quote inside of quotes. The quote itself: it is doubled. */
  readonly escape: number
}

/** A larger row is bad. 10 MiB. */
export const ROW_BYTES_MAX: number = 10 * 1024 * 1024

/** The next place of a byte, remembered, so that no search runs over the same bytes twice. */
class Seeker {
  readonly #bytes: Buffer
  readonly #byte: number
  /** From here to the next place there is none. */
  #from = 0
  #next = -1

  constructor(bytes: Buffer, byte: number) {
    this.#bytes = bytes
    this.#byte = byte
  }

  from(at: number): number {
    if (this.#from <= at && at <= this.#next) return this.#next
    const found = this.#bytes.indexOf(this.#byte, at)
    this.#from = at
    this.#next = found === -1 ? this.#bytes.length : found
    return this.#next
  }
}

/**
 * The quote that closes a field, from an offset in it on. `next` finds a quote, or gives the length
 * of the bytes.
 */
const closingQuote = (
  bytes: Buffer,
  from: number,
  { quote, escape }: Dialect,
  next: (at: number) => number,
): number => {
  let at = next(from)
  if (escape === quote) {
    while (at < bytes.length && bytes[at + 1] === quote) at = next(at + 2)
    return at
  }
  while (at < bytes.length && isEscaped(bytes, from, at, escape)) at = next(at + 1)
  return at
}

/** Whether the escapes before an offset are odd in number, since an escape may be escaped. */
const isEscaped = (bytes: Buffer, from: number, at: number, escape: number): boolean => {
  let first = at
  while (first > from && bytes[first - 1] === escape) first -= 1
  return (at - first) % 2 === 1
}

/** Finds the ends of rows in some bytes of a file. */
export class RowScanner {
  readonly #bytes: Buffer
  readonly #dialect: Dialect
  readonly #isLast: boolean
  readonly #lf: Seeker
  readonly #cr: Seeker
  readonly #quote: Seeker

  /** `isLast`: the file ends with these bytes. */
  constructor(bytes: Buffer, dialect: Dialect, isLast: boolean) {
    this.#bytes = bytes
    this.#dialect = dialect
    this.#isLast = isLast
    this.#lf = new Seeker(bytes, LF)
    this.#cr = new Seeker(bytes, CR)
    this.#quote = new Seeker(bytes, dialect.quote)
  }

  /**
   * Where the row that begins at an offset ends, with its line end. Undefined: more bytes are
   * needed to know it.
   */
  endOf(row: number): number | undefined {
    const { length } = this.#bytes
    const most = Math.min(length, row + ROW_BYTES_MAX)
    for (let at = row; ;) {
      const opened = this.#dialect.quote === -1 ? length : this.#openedFrom(at, row)
      const end = this.#lineEnd(at)
      if (end === undefined || end.at <= opened) return end?.next ?? this.#unended(row)
      const closed = this.#closedFrom(opened + 1)
      if (closed >= most) return this.#unclosed(row)
      at = closed + 1
    }
  }

  /** The first quote at or after an offset that opens a field, before the line ends. */
  #openedFrom(from: number, row: number): number {
    const { length } = this.#bytes
    for (let at = this.#quote.from(from); at < length; at = this.#quote.from(at + 1)) {
      if (at === row || this.#bytes[at - 1] === this.#dialect.delimiter) return at
      const end = this.#lineEnd(from)
      if (end !== undefined && end.at < at) return length
    }
    return length
  }

  /** The quote that closes a field. The length of the bytes: there is none. */
  #closedFrom(from: number): number {
    const { length } = this.#bytes
    const { quote, escape } = this.#dialect
    const at = closingQuote(this.#bytes, from, this.#dialect, (next) => this.#quote.from(next))
    if (escape !== quote) return at
    // What follows the last byte is not known, and might double the quote.
    return at === length - 1 && !this.#isLast ? length : at
  }

  /** Undefined: the line does not end here, or a \r may be the first half of its end. */
  #lineEnd(from: number): { readonly at: number; readonly next: number } | undefined {
    const { length } = this.#bytes
    const at = Math.min(this.#lf.from(from), this.#cr.from(from))
    if (at === length) return undefined
    if (this.#bytes[at] === LF) return { at, next: at + 1 }
    if (at + 1 === length && !this.#isLast) return undefined
    return { at, next: this.#bytes[at + 1] === LF ? at + 2 : at + 1 }
  }

  #unended(row: number): number | undefined {
    const { length } = this.#bytes
    if (this.#isLast) return length
    return length - row >= ROW_BYTES_MAX ? length : undefined
  }

  #unclosed(row: number): number | undefined {
    const { length } = this.#bytes
    if (!this.#isLast && length - row < ROW_BYTES_MAX) return undefined
    return this.#lineEnd(row)?.next ?? length
  }
}

/** The rows in whole bytes: where each begins and ends, with its line end. Empty lines are none. */
export const rowsIn = (
  bytes: Buffer,
  dialect: Dialect,
): readonly (readonly [from: number, to: number])[] => {
  const scanner = new RowScanner(bytes, dialect, true)
  const rows: (readonly [number, number])[] = []
  for (let at = 0; at < bytes.length;) {
    const end = scanner.endOf(at) as number
    if (!isEmptyLine(bytes, at, end)) rows.push([at, end])
    at = end
  }
  return rows
}

/**
 * Whether a row has a quote where none may be: in a field that does not begin with one, or before
 * something else than a delimiter. Or a quote is not closed.
 */
export const hasStrayQuote = (row: Buffer, dialect: Dialect): boolean => {
  const { delimiter, quote } = dialect
  if (quote === -1) return false
  const end = endOfText(row)
  const next = (from: number): number => {
    const found = row.indexOf(quote, from)
    return found === -1 ? row.length : found
  }
  let at = 0
  for (;;) {
    const first = row.indexOf(quote, at)
    if (first === -1) return false
    if (first > at) {
      const ended = row.indexOf(delimiter, at)
      if (ended === -1 || ended > first) return true
      at = ended + 1
      continue
    }
    const closed = closingQuote(row, at + 1, dialect, next)
    if (closed === row.length) return true
    if (closed + 1 === end) return false
    if (row[closed + 1] !== delimiter) return true
    at = closed + 2
  }
}

/** Where a row ends without its line end. */
export const endOfText = (row: Buffer): number => {
  const { length } = row
  const end = row[length - 1] === LF ? length - 1 : length
  return row[end - 1] === CR ? end - 1 : end
}

const isEmptyLine = (bytes: Buffer, from: number, to: number): boolean =>
  bytes[from] === LF || (bytes[from] === CR && to - from <= 2)
