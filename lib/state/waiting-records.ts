/**
 * What intake has accepted for each source and no batch has taken yet. It is read from the store,
 * without the pipeline: so it also finds what waits for a source that the pipeline no longer has.
 */
import { allOrFirstError, mapAtOnce } from '../base/concurrency.ts'
import type { ItemStore } from '../ports/item-store.ts'
import type { LaneOffsetsBySource } from './head.ts'
import { lanePartitions } from './item-keys.ts'
import { BEGINNING } from './lane-entries.ts'
import { type Waiting, waitingIn } from './lane-reader.ts'
import { type Lane, readLanes } from './lanes.ts'

const LANES_AT_ONCE = 16

/** A lane, its offset, and what is after it: `count` records or notifications. */
export interface WaitingLane extends Waiting {
  readonly lane: Lane
  readonly offset: string
}

/** The ids of all sources that have lanes in the store. */
export const sourcesWithLanes = async (
  store: ItemStore,
  app: string,
): Promise<readonly string[]> => {
  const items = await allOrFirstError(
    lanePartitions(app).map((partition) => store.query(partition)),
  )
  const ids = items.flat().map(({ sort }) => sort.slice(0, sort.indexOf('#')))
  return [...new Set(ids)].toSorted()
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
