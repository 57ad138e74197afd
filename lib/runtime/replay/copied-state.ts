/** The beginning of a copy: the state as it was, under a head that this process runs. */
import type { Plan } from '../../dstream/plan.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import { type Head, HeadStore } from '../../state/head.ts'
import { LanePartitions } from '../../state/lane-partitions.ts'
import { type Lane, swapLane } from '../../state/lanes.ts'
import { type Manifest, stateSegments, writeManifest } from '../../state/manifest.ts'
import type { OffsetsBySource } from '../../state/offsets.ts'
import { readSegment } from '../../state/segments.ts'
import { sourceIds } from '../driver/closed-sources.ts'
import { copySegment } from './copy-store.ts'
import { refusal } from '../operations/operated.ts'
import type { ReplayStart } from './replay-range.ts'

/** The manifest of the copy. What the batch before it has left to be published is not its own. */
export const manifestOfCopy = ({ manifest }: Pick<ReplayStart, 'manifest'>): Manifest => {
  const { outputs: _, deadLetterEpoch: __, keptForReplayMs: ___, ...rest } = manifest
  return { ...rest, previous: [] }
}

/** The head of the copy, without its manifest. */
export const headOfCopy = (
  { head, manifest }: ReplayStart,
  plan: Plan,
  generation: number,
): Head => ({
  ...head,
  generation,
  plan: plan.hash,
  sources: sourceIds(plan),
  status: 'running',
  owner: undefined,
  leaseEndMs: 0,
  doneMs: manifest.timeMs,
  manifest: undefined,
  afterCommit: undefined,
  offsets: undefined,
  wakeMs: 0,
  logged: undefined,
  reason: undefined,
  load: undefined,
})

/** Copies what the manifest names, and writes the head. */
export const copyState = async (
  source: ItemStore,
  copy: ItemStore,
  app: string,
  { start, head, by }: { readonly start: ReplayStart; readonly head: Head; readonly by: string },
): Promise<void> => {
  const manifest = manifestOfCopy(start)
  const named = await stateSegments(manifest, (ref) => readSegment(source, app, ref))
  for (const ref of named) await copySegment(source, copy, app, ref)
  const ref = await writeManifest(copy, app, by, manifest)
  await new HeadStore(copy, app).create({ ...head, manifest: ref })
}

/** Notes how far lanes are consumed. So new records of the copy come after them. */
export const writeTails = async (
  copy: ItemStore,
  app: string,
  offsets: OffsetsBySource,
  by: string,
): Promise<void> => {
  for (const [source, { lanes = {} }] of Object.entries(offsets)) {
    const partitions = new LanePartitions(copy, app, source)
    for (const [lane, tail] of Object.entries(lanes)) {
      await partitions.use(lane)
      const empty: Lane = { source, lane, tail, by, parents: [], pages: [], entries: [] }
      const { swapped } = await swapLane(copy, app, undefined, empty)
      if (!swapped)
        throw refusal(
          'The application has received records while it got the copy',
          `${source}, ${lane}`,
          'an application that nothing feeds yet',
          'deploy it again on a new table, and replay before anything feeds it',
        )
    }
  }
}
