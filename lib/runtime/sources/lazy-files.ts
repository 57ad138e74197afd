/**
 * Files that are read when their records are needed, and not before. A large text is read in parts,
 * each of which is a partition. So a batch holds a few parts at a time, whatever the size of its
 * files.
 *
 * A file may be gone when its turn comes, after its batch was logged and has begun. Then the
 * attempt fails, and the next one looks at all files before it begins: it logs a smaller input
 * (B2).
 */
import { isMillraceError, MillraceError } from '../../base/errors.ts'
import { expectedCompressions, recognise, RECOGNISED_BYTES } from '../../formats/compression.ts'
import { goodLines, type LineBytes, readLines, splitRange } from '../../formats/line-range.ts'
import type { ByteRange, ObjectContent } from '../../ports/object-source.ts'
import type { LazyPartition, Partition, SourcePartition } from '../../rdd/partition.ts'
import type { DeadLetter, FileReference } from '../../state/dead-letters.ts'
import {
  deadLetterOfLine,
  expectedBytes,
  type FileReadingParts,
  originOf,
  readFile,
} from './file-elements.ts'
import { HELD_LIMITS, type HeldLimits } from './held-limits.ts'

/** Reads the bytes of a file, or some of them. */
export type ReadBytes<T> = (file: T, range?: ByteRange) => Promise<ObjectContent>

/** The partitions of a file, or why it is gone. */
export type FilePartitions =
  | { readonly found: true; readonly partitions: readonly SourcePartition<unknown>[] }
  | { readonly found: false; readonly gone: 'missing' | 'replaced' }

/** How the files of a batch are read. */
export interface BatchReading extends FileReadingParts {
  /** Whether they are read at once; see {@link areReadAtOnce}. */
  readonly atOnce: boolean
  /** Whether an earlier attempt has failed. Then it is checked that each file is there. */
  readonly isRetry: boolean
}

/** Whether the files of a batch are so small that they are read at once. */
export const areReadAtOnce = (
  files: readonly FileReference[],
  { batchBytes }: HeldLimits = HELD_LIMITS,
): boolean => files.reduce((total, file) => total + expectedBytes(file), 0) <= batchBytes

/** The partitions of a file. If they are lazy, at most the first bytes are read now. */
export const filePartitions = async <T extends FileReference>(
  file: T,
  bytesOf: ReadBytes<T>,
  parts: BatchReading,
): Promise<FilePartitions> => {
  if (!parts.atOnce) return lazyFile(file, bytesOf, parts)
  const elements = await readFile(file, bytesOf, parts)
  return elements.found ? { found: true, partitions: [elements.partition] } : elements
}

const lazyFile = async <T extends FileReference>(
  file: T,
  bytesOf: ReadBytes<T>,
  parts: BatchReading,
): Promise<FilePartitions> => {
  const { partBytes } = parts.held ?? HELD_LIMITS
  const mayBeSplit = isPlainText(file, parts) && file.sizeBytes > partBytes
  if (!mayBeSplit && !parts.isRetry)
    return { found: true, partitions: [wholeFile(file, bytesOf, parts)] }
  const first = await bytesOf(file, { from: 0, to: mayBeSplit ? RECOGNISED_BYTES : 1 })
  if (!first.found) return first
  const isSplit =
    mayBeSplit &&
    expectedCompressions({ name: file.key, ...first }).length === 0 &&
    recognise(first.bytes, []).kind === 'plain' &&
    !isUtf16(first.bytes)
  return {
    found: true,
    partitions: isSplit
      ? rangesOf(file.sizeBytes, partBytes).map((range) => partOf(file, range, bytesOf, parts))
      : [wholeFile(file, bytesOf, parts)],
  }
}

/** A user who has set a limit for whole files wants larger ones put aside. */
const isPlainText = (file: FileReference, { read, limits }: FileReadingParts): boolean =>
  read === undefined &&
  (limits === undefined || file.sizeBytes <= limits.bytes) &&
  expectedCompressions({ name: file.key }).length === 0

const isUtf16 = (first: Uint8Array): boolean =>
  (first[0] === 0xff && first[1] === 0xfe) || (first[0] === 0xfe && first[1] === 0xff)

const rangesOf = (sizeBytes: number, partBytes: number): readonly ByteRange[] =>
  Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => ({
    from: index * partBytes,
    to: Math.min((index + 1) * partBytes, sizeBytes),
  }))

const wholeFile = <T extends FileReference>(
  file: T,
  bytesOf: ReadBytes<T>,
  parts: FileReadingParts,
): LazyPartition<unknown> => ({
  sizeBytes: file.sizeBytes,
  async read() {
    // Dead letters are reported when the records are handed out.
    const held: DeadLetter[] = []
    const elements = await readFile(file, (one) => bytesNow(one, bytesOf), {
      ...parts,
      putAside: (one) => held.push(one),
    })
    if (!elements.found) throw changed(file, `is ${elements.gone}`)
    const { partition } = elements
    return () => {
      for (const one of held) parts.putAside(one)
      return { ...partition, origin: originOf(file, parts, partition.origin?.unreadable) }
    }
  },
})

/** The lines of a part of a text file. */
const partOf = <T extends FileReference>(
  file: T,
  range: ByteRange,
  bytesOf: ReadBytes<T>,
  parts: FileReadingParts,
): LazyPartition<unknown> => ({
  sizeBytes: range.to - range.from,
  async read() {
    const found = await readLines({
      ...range,
      sizeBytes: file.sizeBytes,
      read: async (bytes) => (await bytesNow(file, bytesOf, bytes)).bytes,
    })
    return () => partitionOf(file, range.from, found, parts)
  },
})

const partitionOf = (
  file: FileReference,
  from: number,
  bytes: LineBytes,
  parts: FileReadingParts,
): Partition<unknown> => {
  const pieces = goodLines(bytes)
  if (pieces !== undefined)
    return { records: { pieces }, steps: [], origin: originOf(file, parts, 0, from) }
  const found = splitRange(bytes)
  const rejected = found.flatMap((piece) => piece.rejected)
  for (const line of rejected) parts.putAside(deadLetterOfLine(parts.source, file, line))
  return {
    records: found.length === 1 ? (found[0]?.lines ?? []) : found.flatMap((piece) => piece.lines),
    steps: [],
    origin: originOf(file, parts, rejected.length, from),
  }
}

const changed = (file: FileReference, how: string, cause?: unknown): MillraceError =>
  new MillraceError('INPUT_CHANGED', {
    problem: `A file of the batch ${how} since the batch was logged`,
    value: file.key,
    fix: 'nothing: the next attempt looks at all files first, and goes on without this one',
    retryable: true,
    cause,
  })

/** Reads bytes of a file that was there when its batch was logged. */
const bytesNow = async <T extends FileReference>(
  file: T,
  bytesOf: ReadBytes<T>,
  range?: ByteRange,
): Promise<ObjectContent & { readonly found: true }> => {
  let content: ObjectContent
  try {
    content = await bytesOf(file, range)
  } catch (error) {
    if (isMillraceError(error) && error.code === 'OBJECT_REFUSED')
      throw changed(file, 'is refused', error)
    throw error
  }
  if (!content.found) throw changed(file, `is ${content.gone}`)
  return content
}
