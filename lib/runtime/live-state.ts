import { together } from '../base/together.ts'
import type { Plan } from '../dstream/plan.ts'
import type { ItemStore } from '../ports/item-store.ts'
import { sortableTime } from '../state/item-keys.ts'
import { type Manifest, type StoredState } from '../state/manifest.ts'
import { readSegment, type SealedSegment, sealSegment, type SegmentRef } from '../state/segments.ts'
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

/** The states of a batch, and their segments that have yet to be written. */
export interface SealedStates {
  readonly states: Readonly<Record<string, StoredState>>
  readonly segments: readonly SealedSegment[]
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

  /** What changed as new segments, still to be written, and the states of the next manifest, which names them. */
  seal(store: ItemStore, app: string, at: { readonly timeMs: number; readonly attemptId: string }, before: Manifest): SealedStates {
    const states: Record<string, StoredState> = {}
    const segments: SealedSegment[] = []
    for (const { id, kind } of this.#plan.states) {
      const partitions = (this.#drafts.get(id) ?? []).map((draft, part) => {
        const old = before.states[id]?.partitions[part] ?? []
        if (draft.isUnchanged) return old
        const merge = old.length >= SEGMENTS_MAX
        const name = { node: id, part, at: sortableTime(at.timeMs), by: at.attemptId }
        const sealed = sealSegment(store, app, name, merge ? draft.merged() : draft.delta())
        segments.push(sealed)
        return merge ? [sealed.ref] : [...old, sealed.ref]
      })
      states[id] = { kind, partitions }
    }
    return { states, segments }
  }

  /** Makes the drafts the live state. Only after the commit was acknowledged (B3). */
  settle(): void {
    for (const draft of [...this.#drafts.values()].flat()) draft.settle()
  }
}
