/**
 * Whether a lane may name what an append wrote whose answer was lost. The append may have happened,
 * and others after it: then its entry may be in a page by now, and its page in another one.
 */
import { type BlockRef, isAfter } from '../../state/lane-entries.ts'
import type { LanePage } from '../../state/lane-pages.ts'
import type { Lane } from '../../state/lanes.ts'

/** Whether a lane may name a block. */
export const mayNameBlock = (lane: Lane | undefined, { by, at }: BlockRef): boolean =>
  lane !== undefined &&
  (lane.entries.some(({ blocks }) => blocks.some((block) => block.by === by)) ||
    lane.pages.some(({ ref }) => !isAfter(at, ref.at)))

/** Whether a lane may name a page, itself or in a page of a higher level. */
export const mayNamePage = (lane: Lane | undefined, page: LanePage): boolean =>
  lane !== undefined &&
  lane.pages.some(
    ({ ref, level }) =>
      ref.by === page.ref.by || (level > page.level && !isAfter(page.ref.at, ref.at)),
  )
