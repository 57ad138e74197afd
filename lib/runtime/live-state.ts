import { together } from '../base/together.ts'
import type { Plan } from '../dstream/plan.ts'
import type { ItemStore } from '../ports/item-store.ts'
import { sortableTime } from '../state/item-keys.ts'
import { type Manifest, type StoredState } from '../state/manifest.ts'
import { readSegment, type SegmentRef, writeSegment } from '../state/segments.ts'
import { type StateDraft, StatePartition } from '../state/state-partition.ts'

/** A partition made of more segments than this is written anew as one. */
const SEGMENTS_MAX = 8

/** The state of all operators in memory, as of one manifest. */
export class LiveState {
  readonly #plan: Plan
  readonly #partitions: ReadonlyMap<string, readonly StatePartition[]>

  private constructor(plan: Plan, partitions: ReadonlyMap<string, readonly StatePartition[]>) {
    this.#plan = plan
    this.#partitions = partitions
  }

  /** Reads all segments that a manifest names. */
  static async load(store: ItemStore, app: string, plan: Plan, manifest: Manifest): Promise<LiveState> {
    const partitions = new Map<string, readonly StatePartition[]>()
    for (const { id, partitions: count } of plan.states) {
      const stored = manifest.states[id]
      partitions.set(
        id,
        await together(Array.from({ length: count }, (_, part) => loadPartition(store, app, stored?.partitions[part] ?? []))),
      )
    }
    return new LiveState(plan, partitions)
  }

  /** What an attempt writes on. */
  draft(): StateDrafts {
    const drafts = new Map([...this.#partitions].map(([id, partitions]) => [id, partitions.map((partition) => partition.draft())] as const))
    return new StateDrafts(this.#plan, drafts)
  }
}

const loadPartition = async (store: ItemStore, app: string, refs: readonly SegmentRef[]): Promise<StatePartition> => {
  const partition = new StatePartition()
  for (const segment of await together(refs.map((ref) => readSegment(store, app, ref)))) partition.apply(segment)
  return partition
}

/** The drafts of all partitions of all operators. */
export class StateDrafts {
  readonly #plan: Plan
  readonly #drafts: ReadonlyMap<string, readonly StateDraft[]>

  constructor(plan: Plan, drafts: ReadonlyMap<string, readonly StateDraft[]>) {
    this.#plan = plan
    this.#drafts = drafts
  }

  /** The draft of one partition of one operator. */
  of(id: string, partition: number): StateDraft {
    return this.#drafts.get(id)?.[partition] as StateDraft
  }

  get isUnchanged(): boolean {
    return [...this.#drafts.values()].flat().every((draft) => draft.isUnchanged)
  }

  /** Writes what changed as new segments and gives the states of the next manifest. */
  async write(
    store: ItemStore,
    app: string,
    at: { readonly timeMs: number; readonly attemptId: string },
    before: Manifest,
  ): Promise<Record<string, StoredState>> {
    const states: Record<string, StoredState> = {}
    for (const { id, kind } of this.#plan.states) {
      const drafts = this.#drafts.get(id) ?? []
      const partitions = await together(
        drafts.map(async (draft, part) => {
          const old = before.states[id]?.partitions[part] ?? []
          if (draft.isUnchanged) return old
          const merge = old.length >= SEGMENTS_MAX
          const name = { node: id, part, at: sortableTime(at.timeMs), by: at.attemptId }
          const ref = await writeSegment(store, app, name, merge ? draft.merged() : draft.delta())
          return merge ? [ref] : [...old, ref]
        }),
      )
      states[id] = { kind, partitions }
    }
    return states
  }

  /** Makes the drafts the live state. Only after the commit was acknowledged (B3). */
  settle(): void {
    for (const draft of [...this.#drafts.values()].flat()) draft.settle()
  }
}
