/**
 * Whether a lane names what an append wrote that was refused. The answer of its first write may
 * have been lost: then the append has happened, and others after it. Its entry may be in a page by
 * now, and its page in another one.
 */
import { isAfter } from '../../state/lane-entries.ts'
import type { LanePage } from '../../state/lane-pages.ts'
import { type LaneStore, waitingSegments } from '../../state/lane-reader.ts'
import type { Lane } from '../../state/lanes.ts'

/** Whether a lane names the block of an append, which saw another tail. Reads pages if it must. */
export const namesBlock = async (
  place: LaneStore,
  lane: Lane | undefined,
  by: string,
  seenTail: string,
): Promise<boolean> => {
  if (lane === undefined) return false
  for await (const segments of waitingSegments(place, lane, seenTail))
    if (segments.some((segment) => segment.by === by)) return true
  return false
}

/** Whether a lane may name a page, itself or in a page of a higher level. Reads nothing. */
export const mayNamePage = (lane: Lane | undefined, page: LanePage): boolean =>
  lane !== undefined &&
  lane.pages.some(
    ({ ref, level }) =>
      ref.by === page.ref.by || (level > page.level && !isAfter(page.ref.at, ref.at)),
  )
