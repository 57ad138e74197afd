import { splitLines } from '../../base/text-lines.ts'
import type { Partition } from '../../rdd/pour.ts'
import { letterOf } from '../dead-letters.ts'
import type { PutAside } from './batch-source.ts'

/** The lines of one object as a partition; lines that cannot be read are put aside with their offset, records with their line number. */
export const linesOfObject = (source: string, key: string, bytes: Uint8Array, putAside: PutAside): Partition<unknown> => {
  const { lines, rejected } = splitLines(bytes)
  for (const line of rejected) {
    const message =
      line.code === 'LINE_NOT_UTF8' ? 'The line is not valid UTF-8' : `The line has ${line.sizeBytes} bytes, which is over the limit`
    putAside({ source, position: `${key}@${line.offset}`, code: line.code, message, data: line.data, sizeBytes: line.sizeBytes })
  }
  return {
    records: lines,
    steps: [],
    origin: { description: `${key} of ${source}`, reject: (bad) => putAside(letterOf(source, `${key}#${bad.index + 1}`, bad)) },
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
