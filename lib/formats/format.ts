/**
 * A format encodes elements as bytes and decodes them again. It does no I/O: the code that reads
 * and writes files calls it.
 *
 * What an implementation promises: `decode(encode(elements))` gives the elements, as far as the
 * format can hold them. `encode` gives the same bytes for the same elements (B3). Both leave their
 * arguments unchanged.
 */
export interface Format {
  /** The name in messages: `text`, `object lines`. */
  readonly name: string
  /** Whether a file can be split at the ends of records and read in parts. */
  readonly isSplittable: boolean
  /**
   * Encodes elements as the bytes of one file.
   *
   * @throws MillraceError `VALUE_UNSUPPORTED` for an element that the format cannot hold.
   */
  encode(elements: readonly unknown[]): Uint8Array
  /**
   * Decodes one file: its elements, and the parts that could not be read.
   *
   * @throws any error that makes the whole file unreadable.
   */
  decode(bytes: Uint8Array): Decoded
}

/** The content of a file. */
export interface Decoded {
  readonly elements: readonly unknown[]
  /** Parts that could not be read, in order. */
  readonly rejected: readonly RejectedPart[]
}

/** A part of a file that could not be read as an element. */
export interface RejectedPart {
  readonly code: 'LINE_NOT_UTF8' | 'LINE_TOO_LONG'
  /** The bytes, or the first of them. */
  readonly data: Uint8Array
  /** The size of the whole part in bytes. */
  readonly sizeBytes: number
  /** Where the part begins, in bytes from the beginning of the file. */
  readonly offset: number
}
