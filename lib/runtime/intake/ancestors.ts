import { readLane } from '../../state/lanes.ts'
import { withRetries } from '../retry.ts'
import type { IntakeParts, LaneDelivery } from './intake.ts'

/**
 * The lanes that must be drained before a new one, so that the records of a key stay in order. A
 * shard that got no records has no lane. Then its own parents hold the earlier records, however
 * often the stream was resharded between. All of them are in their lanes by now: the stream
 * delivers a child after its parents.
 */
export const ancestorsOf = async (
  { store, app, source, clock }: Pick<IntakeParts, 'store' | 'app' | 'source' | 'clock'>,
  { lane, parentsOf }: Pick<LaneDelivery, 'lane' | 'parentsOf'>,
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
