/**
 * Which version of each broadcast value a batch uses. It is logged with the input of the batch, so
 * every attempt, every executor and every replay uses the same one (B2). The value is a segment.
 */
import { type PackedRef, type SegmentRef, unpackRef } from './segments.ts'

/** The node name under which values are stored as segments. */
export const BROADCAST_NODE = '@broadcast'

/** A version of a value: plain JSON. */
export interface BroadcastVersion {
  readonly ref: PackedRef
  /** The batch time at which it was loaded. */
  readonly loadedMs: number
  /** The batch time at which it was last found to be the newest. */
  readonly checkedMs: number
  /** What the code of the user calls this version. Left out: it has no name. */
  readonly version?: string
}

/** By the name of the value. */
export type BroadcastVersions = Readonly<Record<string, BroadcastVersion>>

/** The segment of a version. */
export const segmentOfVersion = ({ ref }: BroadcastVersion): SegmentRef =>
  unpackRef(BROADCAST_NODE, 0, ref)

/** The segments of all versions. */
export const broadcastSegments = (versions: BroadcastVersions = {}): readonly SegmentRef[] =>
  Object.values(versions).map(segmentOfVersion)
