/**
 * Records from files of text: which ones a batch takes is decided by the file chooser; what is gone when it is read is left out of the
 * batch, before its outputs start.
 */
import type { ObjectSummary } from '../../../ports/object-source.ts'
import type { Partition } from '../../../rdd/evaluate.ts'
import type { SegmentRef } from '../../../state/segments.ts'
import type {
  SourceReader,
  PutAside,
  SourceInput,
  InputData,
  InputRequest,
} from '../source-reader.ts'
import { FileChooser, type ObjectsCut, type FilesReaderParts } from './file-chooser.ts'
import { withRedriven } from '../redriven.ts'
import { elementsOfObject, withinObjectLimits } from '../file-elements.ts'

export interface FilesInput extends SourceInput {
  readonly kind: 'objects'
  /** In the order of (modified, key). */
  readonly taken: readonly ObjectSummary[]
  /** Objects that were gone when they should have been read. */
  readonly skipped: readonly { readonly key: string; readonly reason: 'missing' | 'replaced' }[]
  readonly cut: ObjectsCut
}

const cutOf = (cut: InputRequest['cut']): ObjectsCut => ({ taken: 0, ...cut })

const withoutThreshold = (cut: ObjectsCut): Record<string, unknown> =>
  Object.fromEntries(Object.entries(cut).filter(([name]) => name !== 'threshold'))

/** The source of one node that reads files, and what was given back to it. */
export const filesReader = (parts: FilesReaderParts): SourceReader<FilesInput> =>
  withRedriven(parts, listedObjects(parts))

const listedObjects = (parts: FilesReaderParts): SourceReader<FilesInput> => {
  const { source, objects, selection, report } = parts
  const files = new FileChooser(parts)

  return {
    kind: 'objects',
    async allocate({ timeMs, cut, limits, startedMs }: InputRequest): Promise<FilesInput> {
      const before = cutOf(cut)
      const due = (await files.candidates(timeMs, startedMs, before)).filter(
        (object) => object.modifiedMs <= timeMs,
      )
      const taken = withinObjectLimits(due, limits)
      const backlog =
        taken.length < due.length ? { threshold: files.thresholdAt(timeMs, startedMs, before) } : {}
      return {
        kind: 'objects',
        taken,
        skipped: [],
        records: 0,
        bytes: taken.reduce((total, object) => total + object.sizeBytes, 0),
        objects: taken.length,
        // JSON has no infinity, and without a threshold there is none to keep.
        cut: {
          ...withoutThreshold(before),
          taken: before.taken + taken.length,
          ...(selection.existing === 'all' ? {} : backlog),
        },
      }
    },
    async read(slice: FilesInput, putAside: PutAside): Promise<InputData<FilesInput>> {
      const partitions: Partition<unknown>[] = []
      const taken: ObjectSummary[] = []
      const skipped = [...slice.skipped]
      for (const object of slice.taken) {
        const content = await objects.read(object)
        if (content.found) {
          taken.push(object)
          partitions.push(
            elementsOfObject(
              { source, key: object.key, bytes: content.bytes },
              selection.read,
              putAside,
            ),
          )
        } else {
          skipped.push({ key: object.key, reason: content.gone })
          report({
            event: 'objectSkipped',
            source,
            object: object.key,
            reason: `it is ${content.gone} since it was listed`,
          })
        }
      }
      return {
        partitions,
        slice: { ...slice, taken, skipped, objects: taken.length },
        records: partitions.reduce((total, { records }) => total + records.length, 0),
      }
    },
    async record(slice: FilesInput, timeMs: number): Promise<void> {
      await files.record(slice.taken, timeMs, slice.cut.taken)
    },
    async waiting({ cut, startedMs, nowMs }): Promise<number | undefined> {
      const [oldest] = await files.candidates(nowMs, startedMs, cutOf(cut))
      return oldest?.modifiedMs
    },
    blocks: (): readonly SegmentRef[] => [],
  }
}
