/**
 * Reads records from the files of a directory. The file chooser decides which files a batch takes.
 * If a file is gone when it is read, it leaves the batch before outputs start.
 */
import type { ObjectSummary } from '../../../ports/object-source.ts'
import type { Partition } from '../../../rdd/evaluate.ts'
import type { FileOffsets } from '../../../state/offsets.ts'
import type { SegmentRef } from '../../../state/segments.ts'
import { describeFiles, elementsOfFile, type SkippedFile, withinLimits } from '../file-elements.ts'
import type { InputKind, SourcePlace } from '../source-kind.ts'
import type { InputData, SourceInput, SourceReader } from '../source-reader.ts'
import { FileChooser, type FilesReaderParts, recordTaken } from './file-chooser.ts'

/** What a batch takes from a directory. */
export interface FilesInput extends SourceInput<'files'> {
  readonly kind: 'files'
  /** In the order of (modified, key). */
  readonly taken: readonly ObjectSummary[]
  /** Files that were gone when the batch read them. */
  readonly skipped: readonly SkippedFile[]
}

const NOTHING: FileOffsets = { taken: 0 }

/** The reader of a source that watches a directory. */
export const filesReader = (parts: FilesReaderParts): SourceReader<FilesInput> => {
  const { source, objects, selection, report } = parts
  const files = new FileChooser(parts)

  return {
    kind: 'files',
    parts: ['files'],
    isPolled: true,
    async allocate({ timeMs, offsets: { files: before = NOTHING }, limits, startedMs }) {
      const candidates = await files.candidates(timeMs, startedMs, before)
      const due = candidates.filter((object) => object.modifiedMs <= timeMs)
      const taken = withinLimits(due, limits)
      // JSON has no infinity, so an infinite threshold is not stored.
      const hasBacklog = taken.length < due.length && selection.existing !== 'all'
      const threshold = hasBacklog
        ? { threshold: files.thresholdAt(timeMs, startedMs, before) }
        : {}
      return {
        kind: 'files',
        taken,
        skipped: [],
        records: 0,
        bytes: taken.reduce((total, object) => total + object.sizeBytes, 0),
        objects: taken.length,
        offsets: { files: { taken: before.taken + taken.length, ...threshold } },
      }
    },
    async read(input, putAside): Promise<InputData<FilesInput>> {
      const partitions: Partition<unknown>[] = []
      const taken: ObjectSummary[] = []
      const skipped = [...input.skipped]
      for (const object of input.taken) {
        const content = await objects.read(object)
        if (content.found) {
          taken.push(object)
          const file = { source, key: object.key, bytes: content.bytes }
          partitions.push(elementsOfFile(file, selection.read, putAside))
        } else {
          skipped.push({ key: object.key, reason: content.gone })
          const reason = `it is ${content.gone} since it was listed`
          report({ event: 'objectSkipped', source, object: object.key, reason })
        }
      }
      return {
        partitions,
        input: { ...input, taken, skipped, objects: taken.length },
        records: partitions.reduce((total, { records }) => total + records.length, 0),
      }
    },
    async recordTaken({ taken, offsets }, timeMs): Promise<void> {
      await files.record(taken, timeMs, offsets.files?.taken ?? 0)
    },
    async waiting({ offsets, startedMs, nowMs }): Promise<number | undefined> {
      const [oldest] = await files.candidates(nowMs, startedMs, offsets.files ?? NOTHING)
      return oldest?.modifiedMs
    },
    blocks: (): readonly SegmentRef[] => [],
  }
}

/** Inputs from directories. */
export const filesInput: InputKind<FilesInput> = Object.freeze({
  name: 'files',
  skip: async ({ store, app, source }: SourcePlace, { taken }: FilesInput, timeMs: number) =>
    recordTaken(store, app, source, taken, timeMs),
  describe: (source: string, { taken }: FilesInput) => describeFiles(source, taken),
})
