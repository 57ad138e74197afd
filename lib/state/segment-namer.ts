/** Names the segments of a batch. */
import type { ItemStore } from '../ports/item-store.ts'
import { sortableTime } from './item-keys.ts'
import { type NamedSegment, type NameSegment, nameSegment } from './segments.ts'

/** Where segments are named. */
export interface SegmentNames {
  readonly store: ItemStore
  readonly app: string
  readonly timeMs: number
  /** The id of the attempt. */
  readonly attemptId: string
}

/** Names the segments of one partition of a node, and adds them to a list. */
export const segmentNamer = (
  { store, app, timeMs, attemptId }: SegmentNames,
  segments: NamedSegment[],
  { node, part }: { readonly node: string; readonly part: number },
): NameSegment => {
  const at = sortableTime(timeMs)
  let count = 0
  return (bytes) => {
    // Several pages of a partition may be full at the same time.
    const by = count === 0 ? attemptId : `${attemptId}.${count}`
    count += 1
    const segment = nameSegment(store, app, { node, part, at, by }, bytes)
    segments.push(segment)
    return segment.ref
  }
}
