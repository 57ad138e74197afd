/**
 * Records from files of text: which ones a batch takes is decided by the file chooser; what is gone when it is read is left out of the
 * batch, before its outputs start.
 */
import type { ObjectSummary } from '../../ports/object-source.ts'
import type { Partition } from '../../rdd/pour.ts'
import type { SegmentRef } from '../../state/segments.ts'
import type { BatchSource, PutAside, Slice, SliceData, SliceRequest } from './batch-source.ts'
import { FileChooser, type ObjectsCut, type ObjectSourceParts } from './file-chooser.ts'
import { withRedriven } from './redriven.ts'
import { elementsOfObject, withinObjectLimits } from './text-object.ts'

export interface ObjectsSlice extends Slice {
  readonly kind: 'objects'
  /** In the order of (modified, key). */
  readonly taken: readonly ObjectSummary[]
  /** Objects that were gone when they should have been read. */
  readonly skipped: readonly { readonly key: string; readonly reason: 'missing' | 'replaced' }[]
  readonly cut: ObjectsCut
}

const cutOf = (cut: SliceRequest['cut']): ObjectsCut => ({ taken: 0, ...cut })

const withoutThreshold = (cut: ObjectsCut): Record<string, unknown> =>
  Object.fromEntries(Object.entries(cut).filter(([name]) => name !== 'threshold'))

/** The source of one node that reads files, and what was given back to it. */
export const objectSource = (parts: ObjectSourceParts): BatchSource<ObjectsSlice> => withRedriven(parts, listedObjects(parts))

const listedObjects = (parts: ObjectSourceParts): BatchSource<ObjectsSlice> => {
  const { source, objects, selection, report } = parts
  const files = new FileChooser(parts)

  return {
    kind: 'objects',
    async allocate({ timeMs, cut, limits, startedMs }: SliceRequest): Promise<ObjectsSlice> {
      const before = cutOf(cut)
      const due = (await files.candidates(timeMs, startedMs, before)).filter((object) => object.modifiedMs <= timeMs)
      const taken = withinObjectLimits(due, limits)
      const backlog = taken.length < due.length ? { threshold: files.thresholdAt(timeMs, startedMs, before) } : {}
      return {
        kind: 'objects',
        taken,
        skipped: [],
        records: 0,
        bytes: taken.reduce((total, object) => total + object.sizeBytes, 0),
        objects: taken.length,
        // JSON has no infinity, and without a threshold there is none to keep.
        cut: { ...withoutThreshold(before), taken: before.taken + taken.length, ...(selection.existing === 'all' ? {} : backlog) },
      }
    },
    async read(slice: ObjectsSlice, putAside: PutAside): Promise<SliceData<ObjectsSlice>> {
      const partitions: Partition<unknown>[] = []
      const taken: ObjectSummary[] = []
      const skipped = [...slice.skipped]
      for (const object of slice.taken) {
        const content = await objects.read(object)
        if (content.found) {
          taken.push(object)
          partitions.push(elementsOfObject({ source, key: object.key, bytes: content.bytes }, selection.read, putAside))
        } else {
          skipped.push({ key: object.key, reason: content.gone })
          report({ event: 'objectSkipped', source, object: object.key, reason: `it is ${content.gone} since it was listed` })
        }
      }
      return {
        partitions,
        slice: { ...slice, taken, skipped, objects: taken.length },
        records: partitions.reduce((total, { records }) => total + records.length, 0),
      }
    },
    async record(slice: ObjectsSlice, timeMs: number): Promise<void> {
      await files.record(slice.taken, timeMs, slice.cut.taken)
    },
    async waiting({ cut, startedMs, nowMs }): Promise<number | undefined> {
      const [oldest] = await files.candidates(nowMs, startedMs, cutOf(cut))
      return oldest?.modifiedMs
    },
    blocks: (): readonly SegmentRef[] => [],
  }
}
