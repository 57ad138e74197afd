import { splitLines } from '../../formats/text-lines.ts'
import type { FileReader } from '../../dstream/source-declaration.ts'
import type { Partition } from '../../rdd/evaluate.ts'
import { deadLetterOf } from '../../state/dead-letters.ts'
import type { PutAside } from './source-reader.ts'

/** An object for which there is a place. */
interface NamedBytes {
  readonly source: string
  readonly key: string
  readonly bytes: Uint8Array
}

/** The elements of one object as a partition, as `read` makes them, else its lines. One that `read` throws on is put aside whole. */
export const elementsOfObject = (
  object: NamedBytes,
  read: FileReader | undefined,
  putAside: PutAside,
): Partition<unknown> => {
  const { source, key, bytes } = object
  if (read === undefined) return linesOfObject(object, putAside)
  const origin: Partition<unknown>['origin'] = {
    description: `${key} of ${source}`,
    reject: (bad) => putAside(deadLetterOf(source, `${key}#${bad.index + 1}`, bad)),
  }
  try {
    return { records: [...read(bytes, key)], steps: [], origin }
  } catch (error) {
    putAside(deadLetterOf(source, key, { index: 0, record: bytes, label: source, error }))
    return { records: [], steps: [], origin }
  }
}

/** The lines of one object as a partition; lines that cannot be read are put aside with their offset, records with their line number. */
const linesOfObject = (
  { source, key, bytes }: NamedBytes,
  putAside: PutAside,
): Partition<unknown> => {
  const { lines, rejected } = splitLines(bytes)
  for (const line of rejected) {
    const message =
      line.code === 'LINE_NOT_UTF8'
        ? 'The line is not valid UTF-8'
        : `The line has ${line.sizeBytes} bytes, which is over the limit`
    putAside({
      source,
      position: `${key}@${line.offset}`,
      code: line.code,
      message,
      data: line.data,
      sizeBytes: line.sizeBytes,
    })
  }
  return {
    records: lines,
    steps: [],
    origin: {
      description: `${key} of ${source}`,
      reject: (bad) => putAside(deadLetterOf(source, `${key}#${bad.index + 1}`, bad)),
    },
  }
}

/** As many as fit into a batch, in order: one at least, for an object is never split, so that one above the limit makes a batch of its own. */
export const withinObjectLimits = <T extends { readonly sizeBytes: number }>(
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
