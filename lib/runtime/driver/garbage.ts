/**
 * Garbage (B11): segments that nothing reachable names. A segment is reachable if one of the last
 * manifests, the logged batch or an unconsumed lane entry names it. Reachable segments never carry
 * a TTL and are never deleted. Only the holder of the lease deletes, by name.
 *
 * There are two ways to find garbage:
 *
 * - Segments that a commit retired are known by name. They are deleted when the manifests that
 *   named them are no longer kept.
 * - A sweep finds what crashes, zombies and failed attempts left. It comes after a cold start, and
 *   after a batch that took several attempts. It takes only segments of a batch time that is
 *   already committed, or of a lane position that is already consumed: no process can commit or
 *   append these any more.
 *
 * An application that keeps what replays need (`keepForReplay`) has more manifests that are kept:
 * snapshots. What these and the logged inputs since the oldest of them need is not deleted by name.
 * Sweeps find it, one with each new snapshot. A snapshot that is given up is swept too: what it has
 * named may be of an operator or a part that no later plan has.
 */
import { allOrFirstError, mapAtOnce } from '../../base/concurrency.ts'
import { isMillraceError } from '../../base/errors.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import { BROADCAST_NODE } from '../../state/broadcasts.ts'
import type { Head } from '../../state/head.ts'
import { firstChunkPartition, sortableTime } from '../../state/item-keys.ts'
import { itemPages } from '../../state/item-pages.ts'
import { BEGINNING, blockNode, isAfter } from '../../state/lane-entries.ts'
import { readLanes } from '../../state/lanes.ts'
import {
  KEPT_MANIFESTS,
  type Manifest,
  MANIFEST_NODE,
  readManifest,
  readStoredManifest,
  stateSegments,
} from '../../state/manifest.ts'
import { pagesNode } from '../../state/stored-list.ts'
import {
  readSegment,
  segmentId,
  segmentKeys,
  type SegmentName,
  type SegmentRef,
  type StoredName,
} from '../../state/segments.ts'
import { consumedMsFor, snapshotsOf } from '../../state/snapshots.ts'
import { isKeptTask } from '../../state/kept-tasks.ts'
import type { LaneOffsets } from '../../state/offsets.ts'
import type { Runner } from '../runner.ts'
import { BATCH_INPUT_NODE } from './batch-input.ts'

const LANES_AT_ONCE = 32
const MANIFESTS_AT_ONCE = 8

/** After these errors, garbage may wait for the next sweep. */
const CAN_WAIT: ReadonlySet<string> = new Set(['STORE_FAILED', 'ACCESS_DENIED', 'SEGMENT_MISSING'])

/** Collects the garbage of the batches that this process commits. */
export class Garbage {
  readonly #store: ItemStore
  readonly #app: string
  /**
   * What each of the last commits retired, oldest first. Kept manifests still name these segments.
   */
  #retired: (readonly SegmentRef[])[] = []
  #deletable: readonly SegmentRef[] = []
  #sweepIsDue = true

  constructor(store: ItemStore, app: string) {
    this.#store = store
    this.#app = app
  }

  /**
   * Notes what the commit of a manifest retired: segments that the manifest before needed, and
   * this one does not. They become unreachable when the earlier manifests are no longer kept.
   */
  retire(before: Manifest, after: Manifest, retired: readonly SegmentRef[]): void {
    const kept = new Set(after.previous.map(segmentId))
    const manifests = before.previous.filter((ref) => !kept.has(segmentId(ref)))
    const isHeld = after.keptForReplayMs !== undefined
    this.#retired.push(isHeld ? retired.filter(isKeptTask) : retired)
    // Also when nothing is to be kept any more.
    const isSwept = heldText(before) !== heldText(after)
    if (isSwept) this.#sweepIsDue = true
    // A manifest that has just left `previous` is garbage immediately. The segments that it named
    // leave with the commit that retired them, or a sweep needs the manifest to find them.
    const fallen = this.#retired.length >= KEPT_MANIFESTS ? (this.#retired.shift() ?? []) : []
    this.#deletable = [...this.#deletable, ...(isSwept ? [] : manifests), ...fallen]
  }

  /**
   * Deletes current garbage and, when a sweep is due, what others have left. Only for the holder of
   * the lease; `head` is the head with which it took the lease. `isFirstTry`: its batch was not
   * tried before, in any deployment, and its input was logged once. It may go on while and after
   * the batch is committed. Best effort: the next sweep finds what is not deleted now.
   */
  async collect(
    { plan }: Pick<Runner, 'plan'>,
    head: Head,
    manifest: Manifest,
    isFirstTry: boolean,
  ): Promise<void> {
    try {
      const deletable = this.#deletable
      this.#deletable = []
      await this.#delete(deletable)
      if (this.#sweepIsDue) await this.#sweep(plan, head, manifest)
      // An earlier attempt at this batch has left what a sweep can take after the commit only.
      this.#sweepIsDue = !isFirstTry
    } catch (error) {
      this.#sweepIsDue = true
      if (!(isMillraceError(error) && CAN_WAIT.has(error.code))) throw error
    }
  }

  /**
   * Forgets all noted garbage, because another process may have continued. A sweep finds it again.
   */
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
    for (const ref of manifest.previous) reachable.add(segmentId(ref))
    // At or before this time, nothing can be committed any more. The logged batch is after it.
    const doneTime = sortableTime(head.doneMs)
    const isDone = ({ at }: SegmentName): boolean => at <= doneTime
    const [previous, fallen] = await allOrFirstError([
      this.#manifests(manifest.previous),
      this.#fallen(reachable, isDone),
    ])
    const kept = [manifest, ...previous]
    const [states, former] = await allOrFirstError([this.#statesOf(kept), this.#stored(fallen)])
    for (const ref of states) reachable.add(segmentId(ref))
    const nodes = statePartsOf([...kept, ...former])
    const consumed = consumedFor(manifest, kept)
    const inputTime = sortableTime(consumed?.manifest.timeMs ?? 0)
    await allOrFirstError([
      ...nodes.map(({ node, part }) => this.#sweepNode(node, part, reachable, isDone)),
      ...[BATCH_INPUT_NODE, BROADCAST_NODE].map((node) =>
        this.#sweepNode(node, 0, reachable, (name) =>
          consumed?.isLast === true || isKeptTask(name)
            ? name.at <= doneTime
            : name.at <= inputTime,
        ),
      ),
      // Also the lanes of sources that the plan no longer has.
      ...new Set([...plan.sources.map(({ id }) => id), ...Object.keys(manifest.offsets)])
        .values()
        .map(async (id) =>
          consumed === undefined ? undefined : this.#sweepBlocks(id, consumed, reachable),
        ),
    ])
    // Last: a sweep that fails before finds again what they have named.
    await this.#delete(fallen)
  }

  async #fallen(
    reachable: ReadonlySet<string>,
    isPast: (name: SegmentName) => boolean,
  ): Promise<readonly StoredName[]> {
    const pages: (readonly StoredName[])[] = []
    for await (const garbage of this.#garbageIn(MANIFEST_NODE, 0, reachable, isPast))
      pages.push(garbage)
    return pages.flat()
  }

  /** Those of manifests that are still there. A process that has ended may have written a part. */
  async #stored(names: readonly StoredName[]): Promise<readonly Manifest[]> {
    const found = await mapAtOnce(names, MANIFESTS_AT_ONCE, (name) =>
      readStoredManifest(this.#store, this.#app, name),
    )
    return found.filter((one) => one !== undefined)
  }

  async #manifests(refs: readonly SegmentRef[]): Promise<readonly Manifest[]> {
    return allOrFirstError(refs.map((ref) => readManifest(this.#store, this.#app, ref)))
  }

  /** What manifests name. They share most pages. */
  async #statesOf(manifests: readonly Manifest[]): Promise<readonly SegmentRef[]> {
    const pages = new Map<string, Promise<Uint8Array>>()
    const read = (ref: SegmentRef): Promise<Uint8Array> => {
      const page = pages.get(segmentId(ref)) ?? readSegment(this.#store, this.#app, ref)
      pages.set(segmentId(ref), page)
      return page
    }
    const named = await allOrFirstError(manifests.map((one) => stateSegments(one, read)))
    return named.flat()
  }

  async #sweepBlocks(
    source: string,
    { manifest, isLast }: Consumed,
    reachable: ReadonlySet<string>,
  ): Promise<void> {
    const offsets: LaneOffsets = manifest.offsets[source]?.lanes ?? {}
    const lanes = await readLanes(this.#store, this.#app, source)
    await mapAtOnce(
      lanes,
      LANES_AT_ONCE,
      ({ lane, tail, emptiedMs, emptiedAfterMs = Infinity }) => {
        // An emptied lane has no offset, and all up to its tail is consumed.
        const isEmptied = isLast ? emptiedMs !== undefined : emptiedAfterMs <= manifest.timeMs
        const offset = offsets[lane] ?? (isEmptied ? tail : BEGINNING)
        return this.#sweepNode(
          blockNode(source, lane),
          0,
          reachable,
          ({ at }) => !isAfter(at, offset),
        )
      },
    )
  }

  async #sweepNode(
    node: string,
    part: number,
    reachable: ReadonlySet<string>,
    isPast: (name: SegmentName) => boolean,
  ): Promise<void> {
    for await (const garbage of this.#garbageIn(node, part, reachable, isPast))
      await this.#delete(garbage)
  }

  async *#garbageIn(
    node: string,
    part: number,
    reachable: ReadonlySet<string>,
    isPast: (name: SegmentName) => boolean,
  ): AsyncGenerator<readonly StoredName[]> {
    const partition = firstChunkPartition(this.#app, node, part)
    // Never the bytes: what waits may be gigabytes, and a cold start would read them all.
    for await (const page of itemPages(this.#store, partition, { attributes: ['chunks'] }))
      yield page
        .map(({ sort, item }) => {
          const [at = '', by = ''] = sort.split('#')
          return { node, part, at, by, chunks: item['chunks'] as number }
        })
        .filter((name) => isPast(name) && !reachable.has(segmentId(name)))
  }

  async #delete(garbage: readonly StoredName[]): Promise<void> {
    const keys = garbage.flatMap((name) => segmentKeys(this.#app, name))
    if (keys.length > 0) await this.#store.deleteAll(keys)
  }
}

/** The manifest whose offsets say what no replay needs any more. */
interface Consumed {
  readonly manifest: Manifest
  /** Whether it is the last manifest: nothing is kept for replays. */
  readonly isLast: boolean
}

/** Undefined: replays need all inputs, because all that happened is within the kept time. */
const consumedFor = (manifest: Manifest, kept: readonly Manifest[]): Consumed | undefined => {
  if (manifest.keptForReplayMs === undefined) return { manifest, isLast: true }
  const oldest = kept.at(-1)
  return oldest === undefined || consumedMsFor(manifest) === undefined
    ? undefined
    : { manifest: oldest, isLast: false }
}

/** What is kept for replays, and since when, as a text to compare. */
const heldText = (manifest: Manifest): string =>
  [manifest.keptForReplayMs !== undefined, ...snapshotsOf(manifest).map(segmentId)].join()

/** The parts of all states and their pages. A plan may have fewer than the plan before it. */
const statePartsOf = (
  manifests: readonly Manifest[],
): readonly { readonly node: string; readonly part: number }[] => {
  const counts = new Map<string, number>()
  for (const [node, { partitions }] of manifests.flatMap(({ states }) => Object.entries(states)))
    counts.set(node, Math.max(counts.get(node) ?? 0, partitions.length))
  return [...counts].flatMap(([node, count]) =>
    Array.from({ length: count }, (_, part) => [
      { node, part },
      { node: pagesNode(node), part },
    ]).flat(),
  )
}
