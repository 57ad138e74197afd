/**
 * What intake has accepted for each source and no batch has taken yet. It is read from the store,
 * without the pipeline: so it also finds what waits for a source that the pipeline no longer has.
 */
import { mapAtOnce } from '../base/concurrency.ts'
import type { ItemStore } from '../ports/item-store.ts'
import type { LaneOffsetsBySource } from './head.ts'
import { BEGINNING } from './lane-entries.ts'
import { type Waiting, waitingIn } from './lane-reader.ts'
import { type Lane, readLanes } from './lanes.ts'

const LANES_AT_ONCE = 16

/** A lane, its offset, and what is after it: `count` records or notifications. */
export interface WaitingLane extends Waiting {
  readonly lane: Lane
  readonly offset: string
}

/** The lanes of a source, each with what waits in it. */
export const waitingLanes = async (
  store: ItemStore,
  app: string,
  source: string,
  offsets: LaneOffsetsBySource,
): Promise<readonly WaitingLane[]> =>
  mapAtOnce(await readLanes(store, app, source), LANES_AT_ONCE, async (lane) => {
    const offset = offsets[source]?.[lane.lane] ?? BEGINNING
    return { lane, offset, ...(await waitingIn({ store, app }, lane, offset)) }
  })
