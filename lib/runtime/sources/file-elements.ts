/** The elements of files and objects. Both kinds of sources decode bytes in this way. */
import type { FileReader } from '../../dstream/sources/file-selection.ts'
import type { RejectedPart } from '../../formats/format.ts'
import { text } from '../../formats/text.ts'
import type { Partition } from '../../rdd/evaluate.ts'
import { type DeadLetter, deadLetterOf } from '../../state/dead-letters.ts'
import type { PutAside } from './source-reader.ts'

/** A file that was read. */
interface FileBytes {
  /** The id of the source node. */
  readonly source: string
  readonly key: string
  readonly bytes: Uint8Array
}

/** A file that is not in the batch because it is gone, with the reason. */
export interface SkippedFile {
  readonly key: string
  readonly reason: 'missing' | 'replaced'
}

/**
 * The elements of one file as a partition: the result of `read`, or its lines of text. If `read`
 * throws, the whole file is put aside. Of a text, only the lines that cannot be read are put aside.
 */
export const elementsOfFile = (
  file: FileBytes,
  read: FileReader | undefined,
  putAside: PutAside,
): Partition<unknown> => {
  const { source, key, bytes } = file
  const origin: Partition<unknown>['origin'] = {
    description: `${key} of ${source}`,
    reject: (bad) => putAside(deadLetterOf(source, `${key}#${bad.index + 1}`, bad)),
  }
  if (read === undefined) return { records: textOf(file, putAside), steps: [], origin }
  try {
    return { records: [...read(bytes, key)], steps: [], origin }
  } catch (error) {
    putAside(deadLetterOf(source, key, { index: 0, record: bytes, label: source, error }))
    return { records: [], steps: [], origin }
  }
}

const textOf = (file: FileBytes, putAside: PutAside): readonly unknown[] => {
  const { elements, rejected } = text.decode(file.bytes)
  for (const line of rejected) putAside(deadLetterOfLine(file, line))
  return elements
}

const deadLetterOfLine = ({ source, key }: FileBytes, line: RejectedPart): DeadLetter => ({
  source,
  position: `${key}@${line.offset}`,
  code: line.code,
  message:
    line.code === 'LINE_NOT_UTF8'
      ? 'The line is not valid UTF-8'
      : `The line has ${line.sizeBytes} bytes, which is over the limit`,
  data: line.data,
  sizeBytes: line.sizeBytes,
})

/**
 * As many files as fit into a batch, in order, but at least one. A file is never split, so a file
 * above the limit makes a batch of its own.
 */
export const withinLimits = <T extends { readonly sizeBytes: number }>(
  due: readonly T[],
  limits: { readonly objects: number; readonly bytes: number },
): readonly T[] => {
  let bytes = 0
  const end = due.findIndex(({ sizeBytes }, index) => {
    bytes += sizeBytes
    return index > 0 && (index >= limits.objects || bytes > limits.bytes)
  })
  return end === -1 ? due : due.slice(0, end)
}

const NAMES_SHOWN_MAX = 10

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
