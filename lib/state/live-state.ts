import { allOrFirstError } from '../base/all-or-first-error.ts'
import { panesId, type Plan, type StateShape } from '../dstream/plan.ts'
import type { ItemStore } from '../ports/item-store.ts'
import { sortableTime } from './item-keys.ts'
import type { ReadSegment, StoreDraft } from './live-store.ts'
import type { Manifest, StoredState } from './manifest.ts'
import { type PaneDraft, PanePartition } from './pane-partition.ts'
import { type NamedSegment, nameSegment, type SegmentRef } from './segments.ts'
import { type StateDraft, StatePartition } from './state-partition.ts'

/** One kind of stored thing, as a map from its id to its partitions. */
type Partitions<P> = ReadonlyMap<string, readonly P[]>

/** What all operators keep, in memory, as of one manifest. */
export class LiveState {
  readonly #plan: Plan
  readonly #states: Partitions<StatePartition>
  readonly #panes: Partitions<PanePartition>
  readonly #marks: Map<string, number>
  readonly #expected: Map<string, number | undefined>

  private constructor(
    plan: Plan,
    states: Partitions<StatePartition>,
    panes: Partitions<PanePartition>,
    { marks, expected }: Manifest,
  ) {
    const known = (all: Readonly<Record<string, number>>): Map<string, number> =>
      new Map(
        plan.operators.flatMap(({ id }) => (all[id] === undefined ? [] : [[id, all[id]] as const])),
      )
    this.#plan = plan
    this.#states = states
    this.#panes = panes
    this.#marks = known(marks)
    this.#expected = known(expected)
  }

  /** Reads the states that a manifest names. Panes are read when they are needed. */
  static async load(plan: Plan, manifest: Manifest, read: ReadSegment): Promise<LiveState> {
    const states = new Map<string, readonly StatePartition[]>()
    const panes = new Map<string, readonly PanePartition[]>()
    for (const { id, form, partitions } of plan.states) {
      const stored = Array.from(
        { length: partitions },
        (_, part) => manifest.states[id]?.partitions[part] ?? [],
      )
      if (form === 'state')
        states.set(id, await allOrFirstError(stored.map((refs) => loadState(refs, read))))
      else
        panes.set(
          id,
          stored.map((refs) => new PanePartition(refs, read)),
        )
    }
    return new LiveState(plan, states, panes, manifest)
  }

  /** What an attempt at the batch of a time writes on. */
  draft(timeMs: number): StateDrafts {
    return new StateDrafts(this.#plan.states, {
      timeMs,
      states: mapEach(this.#states, (partition) => partition.draft()),
      panes: mapEach(this.#panes, (partition) => partition.draft(timeMs)),
      marks: this.#marks,
      expected: this.#expected,
    })
  }
}

const mapEach = <P, D>(all: Partitions<P>, f: (partition: P) => D): Partitions<D> =>
  new Map([...all].map(([id, partitions]) => [id, partitions.map(f)]))

const loadState = async (
  refs: readonly SegmentRef[],
  read: ReadSegment,
): Promise<StatePartition> => {
  const partition = new StatePartition()
  for (const segment of await allOrFirstError(refs.map(read))) partition.apply(segment)
  return partition
}

/** The states of a batch, and their segments that have yet to be written. */
export interface FlushedStates {
  readonly states: Readonly<Record<string, StoredState>>
  readonly segments: readonly NamedSegment[]
}

interface DraftParts {
  readonly timeMs: number
  readonly states: Partitions<StateDraft>
  readonly panes: Partitions<PaneDraft>
  /** The live marks and expectations: changed when the drafts settle. */
  readonly marks: Map<string, number>
  readonly expected: Map<string, number | undefined>
}

/** The drafts of everything that operators keep, for one attempt. */
export class StateDrafts {
  readonly #shapes: readonly StateShape[]
  readonly #parts: DraftParts
  readonly #marked = new Set<string>()
  readonly #expected = new Map<string, number | undefined>()

  constructor(shapes: readonly StateShape[], parts: DraftParts) {
    this.#shapes = shapes
    this.#parts = parts
  }

  /** The state of one partition of an operator. */
  state(id: string, partition: number): StateDraft {
    return this.#parts.states.get(id)?.[partition] as StateDraft
  }

  /** The panes of one partition of an operator. */
  panes(id: string, partition: number): PaneDraft {
    return this.#parts.panes.get(panesId(id))?.[partition] as PaneDraft
  }

  /** What an operator has marked last. */
  markOf(id: string): number | undefined {
    return this.#marked.has(id) ? this.#parts.timeMs : this.#parts.marks.get(id)
  }

  /** Marks this batch for an operator. */
  mark(id: string): void {
    this.#marked.add(id)
  }

  /** When something will happen to an operator, whatever comes in. */
  expectAt(id: string, timeMs: number | undefined): void {
    this.#expected.set(id, timeMs)
  }

  /** What is expected after this batch, by operator. */
  get expected(): Readonly<Record<string, number>> {
    const all = new Map<string, number | undefined>([...this.#parts.expected, ...this.#expected])
    return Object.fromEntries(
      [...all].flatMap(([id, timeMs]) => (timeMs === undefined ? [] : [[id, timeMs] as const])),
    )
  }

  /** All marks, as they are after this batch. */
  get marks(): Readonly<Record<string, number>> {
    return Object.fromEntries([
      ...this.#parts.marks,
      ...[...this.#marked].map((id) => [id, this.#parts.timeMs] as const),
    ])
  }

  /** Nothing has changed, and nothing will change by time alone. */
  get isQuiet(): boolean {
    return this.#all().every((draft) => draft.isQuiet)
  }

  /** What changed as new segments, still to be written, and the states of the next manifest, which names them. */
  flush(store: ItemStore, app: string, attemptId: string, before: Manifest): FlushedStates {
    const states: Record<string, StoredState> = {}
    const segments: NamedSegment[] = []
    const at = sortableTime(this.#parts.timeMs)
    for (const { id, kind, form, layout } of this.#shapes) {
      const drafts: readonly StoreDraft[] =
        (form === 'state' ? this.#parts.states : this.#parts.panes).get(id) ?? []
      const partitions = drafts.map((draft, part) =>
        draft.flush(before.states[id]?.partitions[part] ?? [], (bytes) => {
          const named = nameSegment(store, app, { node: id, part, at, by: attemptId }, bytes)
          segments.push(named)
          return named.ref
        }),
      )
      states[id] = { kind, form, layout, partitions }
    }
    return { states, segments }
  }

  /** Makes the drafts the live state. Only after the commit was acknowledged (B3). */
  settle(): void {
    for (const draft of this.#all()) draft.settle()
    for (const id of this.#marked) this.#parts.marks.set(id, this.#parts.timeMs)
    for (const [id, timeMs] of this.#expected) this.#parts.expected.set(id, timeMs)
  }

  #all(): readonly StoreDraft[] {
    return [...this.#parts.states.values(), ...this.#parts.panes.values()].flat()
  }
}
