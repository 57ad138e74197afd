/**
 * Garbage (B11): segments that nothing reachable names. Reachable is what the last manifests, the
 * logged batch or an unconsumed lane entry name; it never carries a TTL and is never deleted. Only
 * the holder of the lease deletes, by name.
 *
 * Two ways to find garbage: what a commit retired is known by name, and is deleted when the
 * manifests that named it are no longer kept; what crashes and zombies left is found by a sweep
 * after a cold start. A sweep only takes what was made for a batch time already committed, or a
 * lane position already consumed: nobody can commit or append that any more.
 */
import { allOrFirstError } from '../../base/all-or-first-error.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { ItemKey, ItemStore } from '../../ports/item-store.ts'
import type { Head } from '../../state/head.ts'
import { firstChunkPartition, sortableTime } from '../../state/item-keys.ts'
import { BEGINNING, blockNode, isAfter, readLanes } from '../../state/lanes.ts'
import {
  KEPT_MANIFESTS,
  type Manifest,
  MANIFEST_NODE,
  readManifest,
  stateSegments,
} from '../../state/manifest.ts'
import { segmentId, segmentKeys, type SegmentRef } from '../../state/segments.ts'
import type { LaneOffsets } from '../../state/offsets.ts'
import type { Runner } from '../runner.ts'
import { BATCH_INPUT_NODE } from './batch-input.ts'

/** What garbage may be left for. */
const CAN_WAIT: ReadonlySet<string> = new Set(['STORE_FAILED', 'ACCESS_DENIED', 'SEGMENT_MISSING'])

/** Knows what has become garbage while this process has committed batches. */
export class Garbage {
  readonly #store: ItemStore
  readonly #app: string
  /**
   * What each of the last commits retired, oldest first; still named by manifests that are kept.
   */
  #retired: (readonly SegmentRef[])[] = []
  #deletable: readonly SegmentRef[] = []
  #sweepIsDue = true

  constructor(store: ItemStore, app: string) {
    this.#store = store
    this.#app = app
  }

  /**
   * Notes what the commit of a manifest has made unreachable once the manifests before it are no
   * longer kept.
   */
  retire(before: Manifest, after: Manifest, used: readonly SegmentRef[]): void {
    const named = new Set(stateSegments(after).map(segmentId))
    const dropped = stateSegments(before).filter((ref) => !named.has(segmentId(ref)))
    const kept = new Set(after.previous.map(segmentId))
    const manifests = before.previous.filter((ref) => !kept.has(segmentId(ref)))
    this.#retired.push([...dropped, ...used])
    // A manifest that has just fallen out of `previous` is garbage at once; what it named falls
    // with the commit that retired it.
    const fallen = this.#retired.length >= KEPT_MANIFESTS ? (this.#retired.shift() ?? []) : []
    this.#deletable = [...this.#deletable, ...manifests, ...fallen]
  }

  /**
   * Deletes what is garbage by now, and after a cold start what crashes have left. For the holder
   * of the lease; `head` is as it was when the lease was taken. Best effort: what is not deleted
   * now is found by the next sweep.
   */
  async collect({ plan }: Pick<Runner, 'plan'>, head: Head, manifest: Manifest): Promise<void> {
    try {
      const keys = this.#deletable.flatMap((ref) => segmentKeys(this.#app, ref))
      this.#deletable = []
      if (keys.length > 0) await this.#store.deleteAll(keys)
      if (this.#sweepIsDue) await this.#sweep(plan, head, manifest)
      this.#sweepIsDue = false
    } catch (error) {
      this.#sweepIsDue = true
      if (!(error instanceof MillraceError && CAN_WAIT.has(error.code))) throw error
    }
  }

  /** Forgets what it knew: another process may have gone on, and a sweep will find the rest. */
  forget(): void {
    this.#retired = []
    this.#deletable = []
    this.#sweepIsDue = true
  }

  async #sweep(plan: Plan, head: Head, manifest: Manifest): Promise<void> {
    const reachable = new Set<string>()
    const input = head.logged?.input
    for (const ref of [head.manifest, typeof input === 'string' ? undefined : input])
      if (ref !== undefined) reachable.add(segmentId(ref))
    for (const ref of stateSegments(manifest)) reachable.add(segmentId(ref))
    for (const ref of manifest.previous) {
      reachable.add(segmentId(ref))
      stateSegments(await readManifest(this.#store, this.#app, ref)).forEach((state) =>
        reachable.add(segmentId(state)),
      )
    }
    // At or before this nothing can be committed any more; the logged batch itself is after it.
    const doneTime = sortableTime(head.doneMs)
    const stateParts = Object.entries(manifest.states).flatMap(([node, { partitions }]) =>
      partitions.map((_, part) => ({ node, part })),
    )
    const nodes = [
      ...stateParts,
      { node: MANIFEST_NODE, part: 0 },
      { node: BATCH_INPUT_NODE, part: 0 },
    ]
    await allOrFirstError([
      ...nodes.map(({ node, part }) =>
        this.#sweepNode(node, part, reachable, (at) => at <= doneTime),
      ),
      ...plan.sources.map(({ id }) => this.#sweepBlocks(id, head.offsets[id] ?? {}, reachable)),
    ])
  }

  async #sweepBlocks(
    source: string,
    offsets: LaneOffsets,
    reachable: ReadonlySet<string>,
  ): Promise<void> {
    const lanes = await readLanes(this.#store, this.#app, source)
    await allOrFirstError(
      lanes.map(({ lane }) =>
        this.#sweepNode(
          blockNode(source, lane),
          0,
          reachable,
          (at) => !isAfter(at, offsets[lane] ?? BEGINNING),
        ),
      ),
    )
  }

  async #sweepNode(
    node: string,
    part: number,
    reachable: ReadonlySet<string>,
    isPast: (at: string) => boolean,
  ): Promise<void> {
    const stored = await this.#store.query(firstChunkPartition(this.#app, node, part))
    const garbage = stored.flatMap(({ sort, item }): readonly ItemKey[] => {
      const [at = '', by = ''] = sort.split('#')
      const name = { node, part, at, by }
      return isPast(at) && !reachable.has(segmentId(name))
        ? segmentKeys(this.#app, { ...name, chunks: item['chunks'] as number })
        : []
    })
    if (garbage.length > 0) await this.#store.deleteAll(garbage)
  }
}
