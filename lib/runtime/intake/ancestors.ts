import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import { readLane } from '../../state/lanes.ts'
import { withRetries } from '../retry.ts'

/** Returns the lanes that must be drained before a batch takes from a lane. */
export type LaneParents = (lane: string) => Promise<readonly string[]>

/** The store in which the lanes of a source are. */
export interface LanesPlace {
  readonly store: ItemStore
  readonly app: string
  readonly source: string
  readonly clock: Clock
}

/**
 * The lanes that must be drained before a new one, so that the records of a key stay in order. A
 * shard that got no records has no lane. Then its own parents hold the earlier records, however
 * often the stream was resharded between. All of them are in their lanes by now: the stream
 * delivers a child after its parents.
 */
export const ancestorsOf = async (
  { store, app, source, clock }: LanesPlace,
  { lane, parentsOf }: { readonly lane: string; readonly parentsOf?: LaneParents },
): Promise<readonly string[]> => {
  if (parentsOf === undefined) return []
  const ancestors = new Set<string>()
  const visit = async (child: string): Promise<void> => {
    for (const parent of await parentsOf(child)) {
      if (ancestors.has(parent)) continue
      ancestors.add(parent)
      const found = await withRetries(clock, () => readLane(store, app, source, parent))
      if (found === undefined) await visit(parent)
    }
  }
  await visit(lane)
  return [...ancestors]
}
