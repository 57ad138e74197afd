/**
 * What a format of files is: a value that users make, such as `jsonLines()`. The runtime decides
 * which bytes are read, and how much is in memory; the format says what they mean. A format of
 * lines is read as text is. Any other divides a file into parts, each of which may become a
 * partition.
 */
import type { FormatSettings } from './record-format.ts'

/** A file of which some bytes can be read. */
export interface SizedFile {
  /** Its name in messages. */
  readonly name: string
  readonly sizeBytes: number
  /** About how many bytes a part should have, if the format is free to choose. */
  readonly partBytes: number
  /** Reads the bytes from `from` up to, but not including, `to`. */
  readonly read: (from: number, to: number) => Promise<Uint8Array>
}

/** Some of the records of a file. */
export interface FilePart {
  /** About how many bytes it has in the file. */
  readonly sizeBytes: number
  /** A number that comes before those of its records in positions, unique in the file. */
  readonly from: number
  /** Undefined: nobody knows it before the records are read. */
  readonly recordCount?: number
  /**
   * Reads the records: each time the same ones (B3).
   *
   * @throws any error that makes the part unreadable, and whatever reading bytes throws.
   */
  readonly read: () => Promise<readonly unknown[]>
}

/** How files are read line by line. */
export interface LineReading<out T> {
  readonly shape: 'lines'
  /** Whether blank lines are left out. */
  readonly skipsBlank: boolean
  /** Makes the element of a line. */
  readonly decode: (line: string) => T
}

/** How files are read in parts. */
export interface PartReading<out T> {
  readonly shape: 'parts'
  /** Whether it is text in UTF-8. Then UTF-16 is made UTF-8 before. */
  readonly isText: boolean
  /** Whether parts can be read without the whole file in memory. */
  readonly isSplittable: boolean
  /** Loads what the format needs. Called before it is used, perhaps several times. */
  readonly prepare?: () => Promise<void>
  /**
   * The parts of a file, in their order.
   *
   * @throws any error that makes the whole file unreadable, and whatever reading bytes throws.
   */
  readonly open: (file: SizedFile) => Promise<readonly FilePart[]>
  /**
   * Makes the element of a record. A record for which it throws is put aside, and what it was is
   * given again when it is redriven. Left out: the records are the elements.
   */
  readonly decode?: (record: unknown) => T
}

/** How files are written. */
export interface FormatWriting {
  /** Whether the bytes of two files, one after the other, are a file with the elements of both. */
  readonly joins: boolean
  /** Loads what the format needs. Called before it is used, perhaps several times. */
  readonly prepare?: () => Promise<void>
  /**
   * The bytes of a file: the same for the same elements (B3).
   *
   * @throws MillraceError `VALUE_UNSUPPORTED` for an element that the format cannot hold.
   */
  readonly encode: (elements: readonly unknown[]) => Uint8Array
}

/**
 * How the content of files becomes elements, and elements become files. `jsonLines()`, `text()` and
 * the others of `millrace/formats` make one.
 *
 * @example
 * ```ts
 * const clicks: FileFormat<{ page: string }> = jsonLines<{ page: string }>()
 * ```
 */
export interface FileFormat<out T> {
  /** The name in messages and in the plan. */
  readonly name: string
  /** All that decides what the format gives. If it changes, the plan is another one. */
  readonly settings: FormatSettings
  /** What the names of files end with: `.jsonl`. */
  readonly extension: string
  /** @internal Left out: it can only be written. */
  readonly reading?: LineReading<T> | PartReading<T>
  /** @internal Left out: it can only be read. */
  readonly writing?: FormatWriting
}

/** A file that is in memory. */
export const fileInMemory = (name: string, bytes: Uint8Array): SizedFile => ({
  name,
  sizeBytes: bytes.byteLength,
  partBytes: Math.max(1, bytes.byteLength),
  read: async (from, to) => bytes.subarray(from, to),
})

/** How files are read in parts, without the step that makes elements. */
export type FileDivision = Omit<PartReading<unknown>, 'decode'>
