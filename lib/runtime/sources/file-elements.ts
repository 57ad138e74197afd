/** The elements of files and objects. Both kinds of sources decode bytes in this way. */
import type { FileReading } from '../../dstream/sources/file-selection.ts'
import { expectedCompressions } from '../../formats/compression.ts'
import {
  checkStoredSize,
  fileContent,
  fileText,
  type StoredFile,
} from '../../formats/file-content.ts'
import type { FileDivision } from '../../formats/file-format.ts'
import { FILE_LIMITS } from '../../formats/file-limits.ts'
import type { Decoded, RejectedPart } from '../../formats/format.ts'
import { readWhole } from '../../formats/read-whole.ts'
import { goodLines } from '../../formats/line-range.ts'
import { linesOfPieces } from '../../formats/text.ts'
import { asBuffer } from '../../formats/text-lines.ts'
import type { ObjectContent } from '../../ports/object-source.ts'
import type { Origin } from '../../rdd/bad-records.ts'
import type { Partition } from '../../rdd/partition.ts'
import type { Records } from '../../rdd/records.ts'
import {
  type DeadLetter,
  deadLetterOf,
  deadLetterOfFile,
  type FileReference,
  positionOfFile,
} from '../../state/dead-letters.ts'
import type { Amounts } from '../../state/load.ts'
import type { HeldLimits } from './held-limits.ts'
import type { FileElements, PutAside } from './source-reader.ts'

/** What is needed to read the files of one source. */
export interface FileReadingParts extends FileReading {
  /** The id of the source node. */
  readonly source: string
  readonly putAside: PutAside
  /** Default: {@link HELD_LIMITS}. */
  readonly held?: HeldLimits | undefined
  /**
   * Whether the lines of a text may be made when they are used. So their number is not known
   * before. Default: they are made at once.
   */
  readonly makesLinesLate?: boolean
}

/** A file that is not in the batch because it is gone, with the reason. */
export interface SkippedFile {
  readonly key: string
  readonly reason: 'missing' | 'replaced'
}

/**
 * Reads one file as a partition: the result of `read`, or its lines of text. If it cannot be read
 * as a whole, it is put aside as a whole, and nothing of it is counted. Of a text, lines that
 * cannot be read are put aside one by one.
 */
export const readFile = async <T extends FileReference>(
  file: T,
  bytesOf: (file: T) => Promise<ObjectContent>,
  parts: FileReadingParts,
): Promise<FileElements> => {
  const { source, putAside, limits = FILE_LIMITS } = parts
  const sizeBytes = expectedBytes(file)
  const empty: Partition<unknown> = { records: [], steps: [], origin: originOf(file, parts) }
  try {
    // A file that is too large is not even fetched.
    checkStoredSize({ name: file.key, sizeBytes: file.sizeBytes }, limits)
  } catch (error) {
    putAside(deadLetterOfFile(source, file, error))
    return { found: true, partition: empty }
  }
  const content = await bytesOf(file)
  if (!content.found) return content
  const stored = { name: file.key, ...content }
  const { records, unreadable } =
    parts.format === undefined
      ? recordsOf(file, stored, parts)
      : await recordsOfFormat(file, stored, parts.format, parts)
  const origin = originOf(file, parts, unreadable)
  return { found: true, partition: { records, steps: [], origin, sizeBytes } }
}

/**
 * Where the records of a file come from. `from`: where they begin in the file, if it is read in
 * parts.
 */
export const originOf = (
  file: FileReference,
  { source, putAside }: FileReadingParts,
  unreadable = 0,
  from = 0,
): Origin => {
  const position = positionOfFile(file)
  const part = from === 0 ? '' : `${from}+`
  return {
    description: `${file.key} of ${source}`,
    unreadable,
    reject: (bad) => putAside(deadLetterOf(source, `${position}#${part}${bad.index + 1}`, bad)),
  }
}

/** The records of a file, and how many lines beside them could not be read. */
interface ReadRecords {
  readonly records: Records
  readonly unreadable: number
}

interface Lines extends Pick<Decoded, 'rejected'> {
  readonly elements: Records
}

const recordsOf = (
  file: FileReference,
  stored: StoredFile,
  parts: FileReadingParts,
): ReadRecords => {
  const { source, putAside, read, decompress = false, limits = FILE_LIMITS } = parts
  try {
    if (read !== undefined) {
      const bytes = decompress ? Buffer.concat([...fileContent(stored, limits)]) : stored.bytes
      return { records: [...read(bytes, file.key)], unreadable: 0 }
    }
    const text = fileText(stored, limits)
    const { elements, rejected }: Lines =
      parts.makesLinesLate === true ? lateLines(text) : linesOfPieces(text)
    for (const line of rejected) putAside(deadLetterOfLine(source, file, line))
    return { records: elements, unreadable: rejected.length }
  } catch (error) {
    putAside(deadLetterOfFile(source, file, error))
    return { records: [], unreadable: 0 }
  }
}

/** All records of a file of a format. */
const recordsOfFormat = async (
  file: FileReference,
  stored: StoredFile,
  format: FileDivision,
  { source, putAside, limits = FILE_LIMITS }: FileReadingParts,
): Promise<ReadRecords> => {
  // What is missing here is missing for all files.
  await format.prepare?.()
  try {
    return { records: await readWhole(format, stored, limits), unreadable: 0 }
  } catch (error) {
    putAside(deadLetterOfFile(source, file, error))
    return { records: [], unreadable: 0 }
  }
}

/** The lines of a text. If it is one piece and all of them are good, they are made when used. */
const lateLines = (text: Generator<Uint8Array>): Lines => {
  const begun = [text.next(), text.next()]
  const [first, second] = begun
  const pieces =
    first?.done === false && second?.done === true
      ? goodLines({ from: 0, pieces: [asBuffer(first.value)] })
      : undefined
  return pieces === undefined
    ? linesOfPieces(goneOn(begun, text))
    : { elements: { pieces }, rejected: [] }
}

function* goneOn<T>(begun: readonly IteratorResult<T>[], rest: Iterable<T>): Generator<T> {
  for (const one of begun) if (one.done !== true) yield one.value
  yield* rest
}

/** The dead letter of a line that cannot be read. */
export const deadLetterOfLine = (
  source: string,
  file: FileReference,
  line: RejectedPart,
): DeadLetter => ({
  source,
  position: `${positionOfFile(file)}@${line.offset}`,
  code: line.code,
  message:
    line.code === 'LINE_NOT_UTF8'
      ? 'The line is not valid UTF-8'
      : `The line has ${line.sizeBytes} bytes, which is over the limit`,
  data: line.data,
  sizeBytes: line.sizeBytes,
})

/** The limits of a batch count a compressed file this many times its size. */
const EXPECTED_RATIO = 10

/** About the size of the content of a file. */
export const expectedBytes = ({
  key,
  sizeBytes,
}: {
  readonly key: string
  readonly sizeBytes: number
}): number =>
  expectedCompressions({ name: key }).length === 0 ? sizeBytes : sizeBytes * EXPECTED_RATIO

/**
 * As many files as fit into a batch, in order, but at least one. A file is never split, so a file
 * above the limit makes a batch of its own. The names of compressed files say that they hold more
 * than their size.
 */
export const withinLimits = <T extends { readonly key: string; readonly sizeBytes: number }>(
  due: readonly T[],
  limits: { readonly objects: number; readonly bytes: number },
): readonly T[] => {
  let bytes = 0
  const end = due.findIndex((file, index) => {
    bytes += expectedBytes(file)
    return index > 0 && (index >= limits.objects || bytes > limits.bytes)
  })
  return end === -1 ? due : due.slice(0, end)
}

/** How much there is of files, as they are stored. */
export const storedIn = (files: readonly { readonly sizeBytes: number }[]): Amounts => ({
  objects: files.length,
  records: 0,
  bytes: files.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
})

/** What files count in the limits of a batch. */
export const countedFiles = (
  files: readonly { readonly key: string; readonly sizeBytes: number }[],
): Amounts => ({
  ...storedIn(files),
  bytes: files.reduce((total, file) => total + expectedBytes(file), 0),
})

const NAMES_SHOWN_MAX = 10
const NAMES_NOTED_MAX = 24

/** The names of the first files, for the history. */
export const noteFiles = (
  files: readonly { readonly key: string }[],
): { readonly names: readonly string[] } => ({
  names: files.slice(0, NAMES_NOTED_MAX).map(({ key }) => key),
})

/** Describes files in words. */
export const describeFiles = (
  source: string,
  files: readonly { readonly key: string }[],
): readonly string[] => {
  if (files.length === 0) return []
  const names = files.slice(0, NAMES_SHOWN_MAX).map(({ key }) => key)
  const more = files.length > NAMES_SHOWN_MAX ? ` and ${files.length - NAMES_SHOWN_MAX} more` : ''
  const count = `${files.length} ${files.length === 1 ? 'file' : 'files'} of ${source}`
  return [`${count}: ${names.join(', ')}${more}`]
}
