/**
 * Files that are read when their records are needed, and not before. A large text is read in parts,
 * each of which is a partition. So a batch holds a few parts at a time, whatever the size of its
 * files.
 *
 * A file may be gone when its turn comes, after its batch was logged and has begun. Then the
 * attempt fails, and the next one looks at all files before it begins: it logs a smaller input
 * (B2).
 */
import {
  expectedCompressions,
  isUtf16,
  recognise,
  RECOGNISED_BYTES,
} from '../../formats/compression.ts'
import { canDecompressInSteps } from '../../formats/decompressor.ts'
import { asBuffer } from '../../formats/text-lines.ts'
import type { LazyPartition, Partition } from '../../rdd/partition.ts'
import type { DeadLetter, FileReference } from '../../state/dead-letters.ts'
import { expectedBytes, type FileReadingParts, originOf, readFile } from './file-elements.ts'
import {
  bytesNow,
  changed,
  compressedParts,
  type FilePartitions,
  plainParts,
  type ReadBytes,
} from './file-parts.ts'
import { compressedFormat, formattedParts } from './formatted-files.ts'
import { HELD_LIMITS, type HeldLimits } from './held-limits.ts'

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

/**
 * The partitions of a file. If they are lazy, at most the first bytes are read now. A compressed
 * text is read once, to see that it is whole, and forgotten.
 */
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
  const isLarge = mayBeDivided(file, parts) && expectedBytes(file) > partBytes
  const whole = { found: true, partitions: [new WholeFile(file, bytesOf, parts)] } as const
  if (!isLarge && !parts.isRetry) return whole
  const first = await bytesOf(file, { from: 0, to: isLarge ? RECOGNISED_BYTES : 1 })
  if (!first.found) return first
  if (!isLarge) return whole
  const { format } = parts
  const expected = expectedCompressions({ name: file.key, ...first })
  const recognised = recognise(first.bytes, expected)
  if (recognised.kind === 'compressed') {
    if (format?.isText === false || !canDecompressInSteps()) return whole
    const divide = format && compressedFormat(file, format, parts)
    return (await compressedParts(file, bytesOf, parts, recognised.compression, divide)) ?? whole
  }
  if (format?.isText === false) return formattedParts(file, bytesOf, format, parts)
  const isPlain =
    recognised.kind === 'plain' && expected.length === 0 && !isUtf16(asBuffer(first.bytes))
  if (!isPlain) return whole
  return format === undefined
    ? { found: true, partitions: plainParts(file, bytesOf, parts) }
    : formattedParts(file, bytesOf, format, parts)
}

/** A user who has set a limit for whole files wants larger ones put aside. */
const mayBeDivided = (file: FileReference, { read, format, limits }: FileReadingParts): boolean =>
  read === undefined &&
  format?.isSplittable !== false &&
  file.sizeBytes <= (limits?.dividedBytes ?? Infinity)

/** A file that is read as a whole. A batch may have tens of thousands: see `CheckedPartition`. */
class WholeFile<T extends FileReference> implements LazyPartition<unknown> {
  readonly sizeBytes: number
  readonly #file: T
  readonly #bytesOf: ReadBytes<T>
  readonly #parts: FileReadingParts

  constructor(file: T, bytesOf: ReadBytes<T>, parts: FileReadingParts) {
    this.sizeBytes = expectedBytes(file)
    this.#file = file
    this.#bytesOf = bytesOf
    this.#parts = parts
  }

  async read(): Promise<() => Partition<unknown>> {
    const file = this.#file
    const parts = this.#parts
    // Dead letters are reported when the records are handed out.
    const held: DeadLetter[] = []
    const elements = await readFile(file, (one) => bytesNow(one, this.#bytesOf), {
      ...parts,
      makesLinesLate: true,
      putAside: (one) => held.push(one),
    })
    if (!elements.found) throw changed(file, `is ${elements.gone}`)
    const { partition } = elements
    return () => {
      for (const one of held) parts.putAside(one)
      return { ...partition, origin: originOf(file, parts, partition.origin?.unreadable) }
    }
  }
}
