/**
 * Large files of a format, part by part. The format says where the parts are, which may need some
 * bytes of the file, such as its header. Each part is read when it is needed, and then forgotten.
 *
 * A file whose parts cannot be found is put aside as a whole. A part that turns out to be damaged
 * when it is read is put aside by itself: other parts of the file have been counted by then. Its
 * dead letter names it, and holds no records.
 */
import type { FilePart, FileDivision, SizedFile } from '../../formats/file-format.ts'
import type { LazyPartition, SourcePartition } from '../../rdd/partition.ts'
import { deadLetterOfFile, type FileReference, positionOfFile } from '../../state/dead-letters.ts'
import { type FileReadingParts, originOf } from './file-elements.ts'
import {
  bytesNow,
  damagedIsChanged,
  type DivideText,
  type FilePartitions,
  type ReadBytes,
} from './file-parts.ts'
import { HELD_LIMITS } from './held-limits.ts'

/** Marks what reading has thrown, which says nothing about the content of a file. */
class ReadFailure extends Error {}

type ReadRange = SizedFile['read']

const sizedFile = (
  { key: name }: FileReference,
  sizeBytes: number,
  { held = HELD_LIMITS }: FileReadingParts,
  read: ReadRange,
): SizedFile => ({
  name,
  sizeBytes,
  partBytes: held.partBytes,
  read: async (from, to) => {
    try {
      return await read(from, to)
    } catch (error) {
      throw new ReadFailure('bytes of a file could not be read', { cause: error })
    }
  },
})

/** The parts of a file that is stored as its format has it. */
export const formattedParts = async <T extends FileReference>(
  file: T,
  bytesOf: ReadBytes<T>,
  format: FileDivision,
  parts: FileReadingParts,
): Promise<FilePartitions> => {
  const read: ReadRange = async (from, to) => (await bytesNow(file, bytesOf, { from, to })).bytes
  return {
    found: true,
    partitions: await divide(file, format, parts, sizedFile(file, file.sizeBytes, parts, read)),
  }
}

/** The parts of a compressed text of a format. */
export const compressedFormat =
  (file: FileReference, format: FileDivision, parts: FileReadingParts): DivideText =>
  async (text, textBytes) => {
    const read: ReadRange = (from, to) => damagedIsChanged(file, () => text.bytes({ from, to }))
    return divide(file, format, parts, sizedFile(file, textBytes, parts, read))
  }

const divide = async (
  file: FileReference,
  format: FileDivision,
  parts: FileReadingParts,
  sized: SizedFile,
): Promise<readonly SourcePartition<unknown>[]> => {
  await format.prepare?.()
  try {
    const found = await format.open(sized)
    return found.map((part) => lazyPart(file, part, parts))
  } catch (error) {
    parts.putAside(deadLetterOfFile(parts.source, file, aboutContent(error)))
    return [{ records: [], steps: [], origin: originOf(file, parts), sizeBytes: 0 }]
  }
}

/** The error of a format. What reading has thrown is thrown again, also where a format wraps it. */
const aboutContent = (error: unknown): unknown => {
  for (let one = error; one instanceof Error; one = one.cause)
    if (one instanceof ReadFailure) throw one.cause
  return error
}

const lazyPart = (
  file: FileReference,
  part: FilePart,
  parts: FileReadingParts,
): LazyPartition<unknown> => ({
  sizeBytes: part.sizeBytes,
  ...(part.recordCount === undefined ? {} : { recordCount: part.recordCount }),
  async read() {
    try {
      const records = await part.read()
      return () => ({ records, steps: [], origin: originOf(file, parts, 0, part.from) })
    } catch (failure) {
      const error = aboutContent(failure)
      return () => {
        putPartAside(file, part, error, parts)
        return { records: [], steps: [], origin: originOf(file, parts, 1, part.from) }
      }
    }
  },
})

const putPartAside = (
  file: FileReference,
  part: FilePart,
  error: unknown,
  { source, putAside }: FileReadingParts,
): void => {
  const position = `${positionOfFile(file)}@${part.from}`
  const { form: _, ...letter } = deadLetterOfFile(source, file, error, position)
  const shown = `the part of ${file.key} at ${part.from}, with ${part.sizeBytes} bytes`
  putAside({ ...letter, data: Buffer.from(shown), sizeBytes: part.sizeBytes })
}
