/**
 * What an append writes before the lane names it, and whether the lane does when the append was
 * refused. The answer of its first write may have been lost: then the append has happened, and
 * others after it. Its entry may be in a page by now, and its page in another one.
 */
import { isMillraceError } from '../../base/errors.ts'
import type { NamedBlock } from '../../state/blocks.ts'
import { isAfter } from '../../state/lane-entries.ts'
import type { LanePage, NamedPage } from '../../state/lane-pages.ts'
import { type LaneStore, waitingSegments } from '../../state/lane-reader.ts'
import type { Lane } from '../../state/lanes.ts'
import type { NamedSegment } from '../../state/segments.ts'

/** What an append stores before the lane names it. */
export interface Written {
  /** Its records. Left out: all were rejected. */
  readonly block?: NamedBlock
  /** Left out: the item of the lane has room. */
  readonly page?: NamedPage
}

/** The segments of an append. */
export const segmentsOf = ({ block, page }: Written): readonly NamedSegment[] =>
  [page?.segment, block?.segment].filter((segment) => segment !== undefined)

/**
 * Deletes what an append wrote that was refused. The tail has moved past what the append saw, so no
 * late answer can still make a lane name it (B11). An answer that was lost and then overtaken may
 * have named it: then it stays. Best effort: a sweep finds what is left.
 */
export const discardUnnamed = async (
  place: LaneStore,
  written: Written,
  seenTail: string,
  current: Lane | undefined,
): Promise<void> => {
  const { block, page } = written
  try {
    const isNamed =
      block === undefined
        ? page !== undefined && mayNamePage(current, page.page)
        : await namesBlock(place, current, block.ref.by, seenTail)
    if (isNamed) return
    await place.store.deleteAll(segmentsOf(written).flatMap(({ items }) => items))
  } catch (error) {
    if (!isMillraceError(error)) throw error
  }
}

/** Whether a lane names the block of an append, which saw another tail. Reads pages if it must. */
const namesBlock = async (
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
const mayNamePage = (lane: Lane | undefined, page: LanePage): boolean =>
  lane !== undefined &&
  lane.pages.some(
    ({ ref, level }) =>
      ref.by === page.ref.by || (level > page.level && !isAfter(page.ref.at, ref.at)),
  )
