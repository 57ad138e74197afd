/**
 * A format turns bytes into elements and back. It does no I/O: whoever reads and writes files calls
 * it.
 *
 * What an implementation promises: `decode(encode(elements))` gives the elements as far as the
 * format can hold them, `encode` gives the same bytes for the same elements (B3), and both leave
 * what they are given as it is.
 */
export interface Format {
  /** For messages: `text`, `object lines`. */
  readonly name: string
  /** Whether a file can be cut at the ends of records and read in parts. */
  readonly isSplittable: boolean
  /**
   * The elements as the bytes of one file.
   *
   * @throws MillraceError `VALUE_UNSUPPORTED` for an element that the format cannot hold.
   */
  encode(elements: readonly unknown[]): Uint8Array
  /**
   * The elements of one file, and what of it is no element.
   *
   * @throws whatever makes the whole file unreadable.
   */
  decode(bytes: Uint8Array): Decoded
}

/** What a file holds. */
export interface Decoded {
  readonly elements: readonly unknown[]
  /** Parts that could not be read, in order. */
  readonly rejected: readonly RejectedPart[]
}

/** A part of a file that is no element. */
export interface RejectedPart {
  readonly code: 'LINE_NOT_UTF8' | 'LINE_TOO_LONG'
  /** The bytes, or the first of them. */
  readonly data: Uint8Array
  /** How many bytes it has in all. */
  readonly sizeBytes: number
  /** Where it begins, in bytes from the beginning of the file. */
  readonly offset: number
}
