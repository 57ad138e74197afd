/**
 * What intake has accepted for each source and no batch has taken yet. It is read from the store,
 * without the pipeline: so it also finds what waits for a source that the pipeline no longer has.
 */
import { allOrFirstError } from '../base/concurrency.ts'
import type { ItemStore } from '../ports/item-store.ts'
import type { LaneOffsetsBySource } from './head.ts'
import { lanePartitions } from './item-keys.ts'
import { BEGINNING, entriesAfter, type Lane, type LaneEntry, readLanes } from './lanes.ts'

/** A lane, and what is after its offset. */
export interface WaitingLane {
  readonly lane: Lane
  readonly entries: readonly LaneEntry[]
  /** Number of records or notifications in these entries. */
  readonly count: number
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
  (await readLanes(store, app, source)).map((lane) => {
    const entries = entriesAfter(lane, offsets[source]?.[lane.lane] ?? BEGINNING)
    return { lane, entries, count: entries.reduce((total, { count }) => total + count, 0) }
  })
