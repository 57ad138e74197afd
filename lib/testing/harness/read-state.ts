import type { Plan } from '../../dstream/plan.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import { LiveState } from '../../state/live-state.ts'
import { readManifest } from '../../state/manifest.ts'
import { readSegment, type SegmentRef } from '../../state/segments.ts'

/** The state of a node in the store: pairs of key and state, in the order of keys. */
export const readState = async <K, S>(
  store: ItemStore,
  plan: Plan,
  manifestRef: SegmentRef | undefined,
  id: string,
): Promise<readonly (readonly [K, S])[]> => {
  if (manifestRef === undefined) return []
  const manifest = await readManifest(store, plan.name, manifestRef)
  const live = await LiveState.load(plan, manifest, async (segment) =>
    readSegment(store, plan.name, segment),
  )
  const drafts = live.draft(manifest.timeMs)
  const { shown = (stored: unknown): unknown => stored } =
    plan.operators.find((planned) => planned.id === id)?.node.stateful ?? {}
  const partitions = plan.states.find((state) => state.id === id)?.partitions ?? 0
  const entries = Array.from({ length: partitions }, (_, partition) => [
    ...drafts.state(id, partition).entries(),
  ])
  return entries.flat().map(([key, stored]) => [key, shown(stored)] as [K, S])
}
