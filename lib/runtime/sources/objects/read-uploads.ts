/** Reads the uploads of an input: many at the same time, in memory that is limited. */
import { mapWithin } from '../../../base/concurrency.ts'
import type { MillraceError } from '../../../base/errors.ts'
import { recordsIn, type SourcePartition } from '../../../rdd/partition.ts'
import {
  type DeadLetter,
  deadLetterOfFile,
  type FileReference,
} from '../../../state/dead-letters.ts'
import { readFile, type SkippedFile } from '../file-elements.ts'
import { areReadAtOnce, type BatchReading, filePartitions } from '../lazy-files.ts'
import { isArchived, isRefusal } from '../refusals.ts'
import type { FileElements, InputData, PutAside } from '../source-reader.ts'
import type { ObjectsInput } from './input.ts'
import { checkRefused, deadLetterOfRefused, type RefusedObject } from './refused-objects.ts'
import { type DueObject, type ObjectsReaderParts, uploadName } from './upload.ts'

/** S3 answers after 60 ms or more, so a thousand objects take two seconds. */
const READS_AT_ONCE = 32
/** The bytes of objects that are on their way at the same time, unless one object has more. */
const BYTES_AT_ONCE = 64 * 1024 * 1024

/** What became of one upload. */
type ReadUpload =
  | { readonly kind: 'read'; readonly object: DueObject; readonly elements: HeldElements }
  | { readonly kind: 'gone'; readonly skipped: SkippedFile }
  | { readonly kind: 'refused'; readonly refused: RefusedObject }

/** The elements of an upload, and its dead letters until it is its turn. */
interface HeldElements {
  readonly partitions: readonly SourcePartition<unknown>[]
  readonly release: () => void
}

/**
 * Reads the uploads of an input, and gives them in order. Leaves out uploads that are gone, and
 * puts aside those that the store refuses.
 */
export const readUploads = async (
  parts: ObjectsReaderParts,
  input: ObjectsInput,
  putAside: PutAside,
  isRetry = false,
): Promise<InputData<ObjectsInput>> => {
  const atOnce = areReadAtOnce(input.taken, parts.held)
  const limits = {
    atOnce: READS_AT_ONCE,
    weight: BYTES_AT_ONCE,
    weightOf: ({ sizeBytes }: DueObject) => sizeBytes,
  }
  const uploads = await mapWithin(input.taken, limits, async (object) =>
    readUpload({ ...parts, atOnce, isRetry }, object, putAside),
  )
  const read = uploads.filter((upload) => upload.kind === 'read')
  const gone = uploads.flatMap((upload) => (upload.kind === 'gone' ? [upload.skipped] : []))
  const refusedNow = uploads.flatMap((one) => (one.kind === 'refused' ? [one.refused] : []))
  checkRefused(refusedNow, read.length)
  reportGone(parts, gone)
  const refused = [...(input.refused ?? []), ...refusedNow]
  for (const one of refused) putAside(deadLetterOfRefused(parts.source, one))
  for (const { elements } of read) elements.release()
  const partitions = read.flatMap(({ elements }) => elements.partitions)
  return {
    partitions,
    input: {
      ...input,
      taken: read.map(({ object }) => object),
      skipped: [...input.skipped, ...gone],
      ...(refused.length === 0 ? {} : { refused }),
      objects: read.length,
    },
    records: recordsIn(partitions),
  }
}

const readUpload = async (
  { objects, ...parts }: ObjectsReaderParts & Pick<BatchReading, 'atOnce' | 'isRetry'>,
  object: DueObject,
  putAside: PutAside,
): Promise<ReadUpload> => {
  const held = holdBack(putAside)
  try {
    const reading = { ...parts, putAside: held.putAside }
    const file = await filePartitions(object, (one, range) => objects.read(one, range), reading)
    if (!file.found) return { kind: 'gone', skipped: { key: object.key, reason: file.gone } }
    const { partitions } = file
    return { kind: 'read', object, elements: { partitions, release: held.release } }
  } catch (error) {
    if (!isRefusal(error)) throw error
    return { kind: 'refused', refused: refusedUpload(object, error) }
  }
}

const refusedUpload = (object: DueObject, error: MillraceError): RefusedObject => {
  const { key, version, isVersioned, modifiedMs, sizeBytes } = object
  const upload = { key, version, isVersioned, modifiedMs, sizeBytes }
  const refused = { key, name: uploadName(object), message: error.message, upload }
  return isArchived(error) ? { ...refused, code: 'OBJECT_ARCHIVED' } : refused
}

/**
 * Reads an upload again that was put aside as a whole. If it is refused again, it is put aside
 * again.
 */
export const readUploadAgain = async (
  { objects, ...parts }: ObjectsReaderParts,
  file: FileReference,
  putAside: PutAside,
): Promise<FileElements> => {
  const { version = '', isVersioned = false } = file
  const upload = { ...file, version, isVersioned }
  try {
    return await readFile(upload, (one) => objects.read(one), { ...parts, putAside })
  } catch (error) {
    if (!isRefusal(error)) throw error
    putAside(deadLetterOfFile(parts.source, file, error))
    return { found: true, partition: { records: [], steps: [] } }
  }
}

/** Keeps dead letters until they are released: so they come in the order of the input. */
const holdBack = (
  putAside: PutAside,
): { readonly putAside: PutAside; readonly release: () => void } => {
  let held: DeadLetter[] | undefined = []
  return {
    putAside: (deadLetter) =>
      held === undefined ? putAside(deadLetter) : void held.push(deadLetter),
    release: () => {
      for (const deadLetter of held ?? []) putAside(deadLetter)
      held = undefined
    },
  }
}

const reportGone = ({ source, report }: ObjectsReaderParts, gone: readonly SkippedFile[]): void => {
  for (const { key, reason } of gone)
    report({
      event: 'objectSkipped',
      source,
      object: key,
      reason: `it is ${reason} since its batch was allocated`,
    })
}
