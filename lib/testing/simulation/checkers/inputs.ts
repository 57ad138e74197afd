/** Reads the inputs of a batch, for the kinds of sources in the simulation. */
import type { FilesInput } from '../../../runtime/sources/files/reader.ts'
import type { LanesInput } from '../../../runtime/sources/lanes/read-input.ts'
import type { LaneInput } from '../../../runtime/sources/lanes/waiting-lanes.ts'
import type { ObjectsInput } from '../../../runtime/sources/objects/input.ts'
import type { DueObject } from '../../../runtime/sources/objects/upload.ts'
import type { WholeInput } from '../../../runtime/sources/redriven.ts'
import type { SourceInput } from '../../../runtime/sources/source-reader.ts'

/** Whether an input was taken from lanes. */
export const isLanes = (input: SourceInput): input is LanesInput => input.kind === 'lanes'

/** Whether an input was taken from a bucket. */
export const isObjects = (input: SourceInput): input is ObjectsInput => input.kind === 'objects'

/** Whether an input was taken from a directory. */
export const isFiles = (input: SourceInput): input is FilesInput => input.kind === 'files'

/** The lanes that an input takes from. */
export const lanesOf = (input: SourceInput | undefined): readonly LaneInput[] =>
  input !== undefined && isLanes(input) ? input.lanes : []

/** The objects that an input takes. */
export const objectsOf = (input: SourceInput | undefined): readonly DueObject[] =>
  input !== undefined && isObjects(input) ? input.taken : []

/** The files that an input takes. */
export const filesOf = (input: SourceInput | undefined): FilesInput['taken'] =>
  input !== undefined && isFiles(input) ? input.taken : []

/** What an input takes of redriven files, beside its own. */
export const redrivenIn = (input: SourceInput): LanesInput | undefined =>
  (input as WholeInput).redriven
