/** What a batch takes from a bucket. */
import type { BlockRef } from '../../../state/lane-entries.ts'
import type { SegmentRef } from '../../../state/segments.ts'
import { describeFiles, noteFiles, type SkippedFile } from '../file-elements.ts'
import type { InputKind, SourcePlace } from '../source-kind.ts'
import type { SourceInput } from '../source-reader.ts'
import type { RefusedObject } from './refused-objects.ts'
import type { DueObject, LeftUpload } from './upload.ts'
import { recordUploads } from './uploads.ts'

/** What a batch takes from a bucket. */
export interface ObjectsInput extends SourceInput<'lanes' | 'listing'> {
  readonly kind: 'objects'
  /** In the order of (due, key). */
  readonly taken: readonly DueObject[]
  readonly skipped: readonly SkippedFile[]
  /** Objects that are put aside. Default: none. */
  readonly refused?: readonly RefusedObject[]
  /** Uploads that count as taken, and are not read: they are late, or were only renamed. */
  readonly left?: readonly LeftUpload[]
  /** Whether the ledger remembers what the taken ones contain. Default: false. */
  readonly withContents?: true
  /** The blocks of notifications that were read. */
  readonly read: readonly BlockRef[]
  /** The pages in which the notifications were, and that nothing needs after the batch. */
  readonly pages?: readonly SegmentRef[]
}

/** Inputs from buckets. */
export const objectsInput: InputKind<ObjectsInput> = Object.freeze({
  name: 'objects',
  skip: async (place: SourcePlace, input: ObjectsInput, timeMs: number) =>
    recordUploads(place, input, { timeMs, byKey: true }),
  describe: (source: string, { taken }: ObjectsInput) => describeFiles(source, taken),
  note: ({ taken }: ObjectsInput) => noteFiles(taken),
})
