/**
 * The lines of a large text file, part by part. A compressed file is checked first: if it is
 * damaged anywhere, it is put aside as a whole, and nothing of it counts.
 */
import { MillraceError } from '../../base/errors.ts'
import type { Compression } from '../../formats/compression.ts'
import { checkContent, CompressedText } from '../../formats/compressed-text.ts'
import { isFileError } from '../../formats/file-errors.ts'
import { FILE_LIMITS } from '../../formats/file-limits.ts'
import { checkStoredSize } from '../../formats/file-content.ts'
import { goodLines, type LineBytes, readLines, splitRange } from '../../formats/line-range.ts'
import type { ByteRange, ObjectContent } from '../../ports/object-source.ts'
import type { LazyPartition, Partition, SourcePartition } from '../../rdd/partition.ts'
import { deadLetterOfFile, type FileReference } from '../../state/dead-letters.ts'
import { deadLetterOfLine, type FileReadingParts, originOf } from './file-elements.ts'
import { HELD_LIMITS } from './held-limits.ts'
import { isRefusal } from './refusals.ts'

/** Reads the bytes of a file, or some of them. */
export type ReadBytes<T> = (file: T, range?: ByteRange) => Promise<ObjectContent>

/** The partitions of a file, or why it is gone. */
export type FilePartitions =
  | { readonly found: true; readonly partitions: readonly SourcePartition<unknown>[] }
  | { readonly found: false; readonly gone: 'missing' | 'replaced' }

/** The parts of a text of UTF-8. */
export const plainParts = <T extends FileReference>(
  file: T,
  bytesOf: ReadBytes<T>,
  parts: FileReadingParts,
): readonly LazyPartition<unknown>[] =>
  partsOf(file, file.sizeBytes, parts, (range) =>
    readLines({
      ...range,
      sizeBytes: file.sizeBytes,
      read: async (bytes) => (await bytesNow(file, bytesOf, bytes)).bytes,
    }),
  )

/** Divides a compressed text of some bytes, after it was checked. */
export type DivideText = (
  text: CompressedText,
  textBytes: number,
) => Promise<readonly SourcePartition<unknown>[]>

/**
 * The parts of a compressed text of UTF-8, by default of its lines. Undefined: it is no such text.
 */
export const compressedParts = async <T extends FileReference>(
  file: T,
  bytesOf: ReadBytes<T>,
  parts: FileReadingParts,
  compression: Compression,
  divide: DivideText = async (text, textBytes) => linePartsOf(file, text, textBytes, parts),
): Promise<FilePartitions | undefined> => {
  const { source, putAside, limits = FILE_LIMITS } = parts
  const { partBytes } = parts.held ?? HELD_LIMITS
  const { key: name, sizeBytes } = file
  const compressed = { name, sizeBytes, compression, readBytes: partBytes }
  let gone: (ObjectContent & { readonly found: false }) | undefined
  const read = async (range: ByteRange): Promise<Uint8Array> => {
    const content = await bytesOf(file, range)
    if (content.found) return content.bytes
    gone = content
    throw changed(file, `is ${content.gone}`)
  }
  try {
    checkStoredSize({ name, sizeBytes }, limits)
    const { textBytes } = await checkContent({ ...compressed, read }, limits)
    if (textBytes === undefined) return undefined
    const again = async (range: ByteRange): Promise<Uint8Array> =>
      (await bytesNow(file, bytesOf, range)).bytes
    const text = new CompressedText({ ...compressed, read: again }, textBytes)
    return { found: true, partitions: await divide(text, textBytes) }
  } catch (error) {
    if (gone !== undefined) return gone
    if (!isFileError(error)) throw error
    putAside(deadLetterOfFile(source, file, error))
    const origin = originOf(file, parts)
    return { found: true, partitions: [{ records: [], steps: [], origin, sizeBytes: 0 }] }
  }
}

const linePartsOf = (
  file: FileReference,
  text: CompressedText,
  textBytes: number,
  parts: FileReadingParts,
): readonly LazyPartition<unknown>[] =>
  partsOf(file, textBytes, parts, (range) => damagedIsChanged(file, () => text.lines(range)))

/** Reads of a text that was whole when it was checked. */
export const damagedIsChanged = async <T>(
  file: FileReference,
  read: () => Promise<T>,
): Promise<T> => {
  try {
    return await read()
  } catch (error) {
    throw isFileError(error) ? changed(file, 'is damaged', error) : error
  }
}

const partsOf = (
  file: FileReference,
  textBytes: number,
  parts: FileReadingParts,
  linesOf: (range: ByteRange) => Promise<LineBytes>,
): readonly LazyPartition<unknown>[] =>
  rangesOf(textBytes, (parts.held ?? HELD_LIMITS).partBytes).map((range) => ({
    sizeBytes: range.to - range.from,
    async read() {
      const lines = await linesOf(range)
      return () => partitionOf(file, range.from, lines, parts)
    },
  }))

const rangesOf = (sizeBytes: number, partBytes: number): readonly ByteRange[] =>
  Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => ({
    from: index * partBytes,
    to: Math.min((index + 1) * partBytes, sizeBytes),
  }))

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

/** A file is not what it was when its batch was logged. */
export const changed = (file: FileReference, how: string, cause?: unknown): MillraceError =>
  new MillraceError('INPUT_CHANGED', {
    problem: `A file of the batch ${how} since the batch was logged`,
    value: file.key,
    fix: 'nothing: the next attempt looks at all files first, and goes on without this one',
    retryable: true,
    cause,
  })

/** Reads bytes of a file that was there when its batch was logged. */
export const bytesNow = async <T extends FileReference>(
  file: T,
  bytesOf: ReadBytes<T>,
  range?: ByteRange,
): Promise<ObjectContent & { readonly found: true }> => {
  let content: ObjectContent
  try {
    content = await bytesOf(file, range)
  } catch (error) {
    if (isRefusal(error)) throw changed(file, 'is refused', error)
    throw error
  }
  if (!content.found) throw changed(file, `is ${content.gone}`)
  return content
}
