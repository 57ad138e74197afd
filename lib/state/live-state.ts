import { allOrFirstError } from '../base/concurrency.ts'
import { gridTimeAtOrAfter } from '../base/batch-time.ts'
import type { ItemStore } from '../ports/item-store.ts'
import { type CarriedState, carryState } from './carried-state.ts'
import { sortableTime } from './item-keys.ts'
import { type Manifest, shapeOfStored, type StoredState } from './manifest.ts'
import {
  conversionOf,
  isSameShape,
  panesId,
  type PlannedState,
  type StateShape,
} from './operator/state-declaration.ts'
import type { Timer, TimerState } from './operator/timer.ts'
import { type PaneDraft, PanePartition } from './pane-partition.ts'
import type { PartitionDraft } from './partition-draft.ts'
import { SegmentList } from './segment-list.ts'
import { pagesNode, type StoredPartition } from './stored-list.ts'
import {
  type NamedSegment,
  type NameSegment,
  nameSegment,
  type ReadSegment,
  type SegmentRef,
} from './segments.ts'
import { type LogSettings, StateLog } from './state-log.ts'
import { type StateDraft, StatePartition } from './state-partition.ts'

/**
 * The state of a plan: the shapes of everything it keeps, and the operators that may have a timer.
 */
export interface StateLayout {
  readonly states: readonly PlannedState[]
  readonly operators: readonly { readonly id: string }[]
}

/** State or panes: a map from their id to their partitions. */
type Partitions<P> = ReadonlyMap<string, readonly P[]>

/** What a manifest names, in memory. */
interface LoadedState {
  readonly states: Map<string, readonly StatePartition[]>
  /** States that an earlier plan has stored in another way. */
  readonly carried: Map<string, CarriedState>
  readonly panes: Partitions<PanePartition>
}

/** The live state of all operators, as of one manifest. */
export class LiveState {
  readonly #shapes: readonly StateShape[]
  readonly #loaded: LoadedState
  readonly #timers: Map<string, TimerState>

  private constructor(
    { states: shapes, operators }: StateLayout,
    loaded: LoadedState,
    { timers }: Manifest,
  ) {
    this.#shapes = shapes
    this.#loaded = loaded
    // Timers of operators that no longer exist are dropped.
    this.#timers = new Map(
      operators.flatMap(({ id }) => (timers[id] === undefined ? [] : [[id, timers[id]] as const])),
    )
  }

  /**
   * Reads the states that a manifest names. Panes are read later, when an operator needs them. The
   * caller has checked that the layout can read them.
   */
  static async load(
    layout: StateLayout,
    manifest: Manifest,
    read: ReadSegment,
    settings?: LogSettings,
  ): Promise<LiveState> {
    const states = new Map<string, readonly StatePartition[]>()
    const carried = new Map<string, CarriedState>()
    const panes = new Map<string, readonly PanePartition[]>()
    for (const shape of layout.states) {
      const { id, form, partitions } = shape
      const stored = manifest.states[id]
      const lists = Array.from({ length: partitions }, (_, part) => stored?.partitions[part])
      if (form === 'panes') panes.set(id, await loadPanes(shape, lists, read, settings))
      else if (stored === undefined || isSameShape(shapeOfStored(id, stored), shape))
        states.set(id, await loadStates(id, lists, read, settings))
      else carried.set(id, await loadCarried(shape, stored, manifest, read, settings))
    }
    return new LiveState(layout, { states, carried, panes }, manifest)
  }

  /** The number of keys of a state. */
  keysOf(id: string): number {
    const partitions = this.#loaded.states.get(id) ?? []
    return partitions.reduce((total, { size }) => total + size, 0)
  }

  /** The drafts of an attempt at a batch. */
  draft(timeMs: number): StateDrafts {
    const { states, carried, panes } = this.#loaded
    for (const [id, state] of carried) states.set(id, carryState(state, timeMs))
    carried.clear()
    return new StateDrafts(this.#shapes, {
      timeMs,
      states: mapEach(states, (partition) => partition.draft()),
      panes: mapEach(panes, (partition) => partition.draft(timeMs)),
      timers: this.#timers,
    })
  }
}

const mapEach = <P, D>(all: Partitions<P>, f: (partition: P) => D): Partitions<D> =>
  new Map([...all].map(([id, partitions]) => [id, partitions.map(f)]))

const loadCarried = async (
  shape: PlannedState,
  stored: StoredState,
  { timeMs }: Manifest,
  read: ReadSegment,
  settings: LogSettings | undefined,
): Promise<CarriedState> => {
  const conversion = conversionOf(stored, shape, timeMs)
  return {
    stored: await loadStates(shape.id, stored.partitions, read, settings),
    settings,
    partitions: shape.partitions,
    convert: typeof conversion === 'function' ? conversion : undefined,
  }
}

/** What a manifest has of a partition; undefined: nothing. */
type Lists = readonly (StoredPartition | undefined)[]

const loadPanes = async (
  { id, panesWait }: PlannedState,
  lists: Lists,
  read: ReadSegment,
  settings: LogSettings | undefined,
): Promise<readonly PanePartition[]> =>
  allOrFirstError(
    lists.map(async (stored) => {
      const list =
        stored === undefined
          ? SegmentList.empty(settings?.pageRefs)
          : await SegmentList.load(id, stored, read, settings?.pageRefs)
      return new PanePartition(list, read, panesWait)
    }),
  )

const loadStates = async (
  id: string,
  lists: Lists,
  read: ReadSegment,
  settings: LogSettings | undefined,
): Promise<readonly StatePartition[]> =>
  allOrFirstError(lists.map((stored) => loadState(id, stored, read, settings)))

/** Segments that are read at the same time: enough to hide how long each takes. */
const READS_AT_ONCE = 32

const loadState = async (
  id: string,
  stored: StoredPartition | undefined,
  read: ReadSegment,
  settings: LogSettings | undefined,
): Promise<StatePartition> => {
  const log = await StateLog.load(id, stored, read, settings)
  const partition = new StatePartition({ log })
  const { refs } = log.list
  for (let first = 0; first < refs.length; first += READS_AT_ONCE) {
    const some = await allOrFirstError(refs.slice(first, first + READS_AT_ONCE).map(read))
    for (const [index, segment] of some.entries())
      partition.apply(segment, first + index >= log.merged)
  }
  return partition
}

/** The states after a batch, and the new segments, which are not written yet. */
export interface FlushedStates {
  readonly states: Readonly<Record<string, StoredState>>
  readonly segments: readonly NamedSegment[]
  /** What the states before named, and these do not name any more. */
  readonly retired: readonly SegmentRef[]
}

interface DraftParts {
  readonly timeMs: number
  readonly states: Partitions<StateDraft>
  readonly panes: Partitions<PaneDraft>
  /** The live timers. `publish` changes them. */
  readonly timers: Map<string, TimerState>
}

/** At which times a timer may fire. */
export interface TimerGrid {
  readonly zeroMs: number
  /** The interval between these times. Undefined: every batch time. */
  readonly everyMs: number | undefined
}

/** The drafts of all states, panes and timers, for one attempt. */
export class StateDrafts {
  readonly #shapes: readonly StateShape[]
  readonly #parts: DraftParts
  readonly #timers = new Map<string, TimerState>()

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

  /** The timer of an operator. */
  timer(id: string, { zeroMs, everyMs }: TimerGrid): Timer {
    const { timeMs } = this.#parts
    const stateNow = (): TimerState => this.#timers.get(id) ?? this.#parts.timers.get(id) ?? {}
    return {
      get firedMs() {
        return stateNow().firedMs
      },
      fire: () => void this.#timers.set(id, { ...stateNow(), firedMs: timeMs }),
      isOnGrid: everyMs === undefined || (timeMs - zeroMs) % everyMs === 0,
      setDue: (wantedMs) => {
        const { dueMs: _, ...rest } = stateNow()
        const dueMs =
          wantedMs === undefined || everyMs === undefined
            ? wantedMs
            : gridTimeAtOrAfter(wantedMs, zeroMs, everyMs)
        this.#timers.set(id, dueMs === undefined ? rest : { ...rest, dueMs })
      },
    }
  }

  /** All timers after this batch. */
  get timers(): Readonly<Record<string, TimerState>> {
    return Object.fromEntries([...this.#parts.timers, ...this.#timers])
  }

  /** Whether nothing has changed, and nothing will change by time alone. */
  get isQuiet(): boolean {
    return this.#all().every((draft) => draft.isQuiet)
  }

  /** Makes segments of the changes, and the states that name them. Does not write the segments. */
  flush(store: ItemStore, app: string, attemptId: string): FlushedStates {
    const states: Record<string, StoredState> = {}
    const segments: NamedSegment[] = []
    const retired: SegmentRef[] = []
    const at = sortableTime(this.#parts.timeMs)
    const namer = (node: string, part: number): NameSegment => {
      let count = 0
      return (bytes) => {
        // Several pages of a partition may be full at the same time.
        const by = count === 0 ? attemptId : `${attemptId}.${count}`
        count += 1
        const segment = nameSegment(store, app, { node, part, at, by }, bytes)
        segments.push(segment)
        return segment.ref
      }
    }
    for (const { id, kind, form, layout } of this.#shapes) {
      const drafts: readonly PartitionDraft[] =
        (form === 'state' ? this.#parts.states : this.#parts.panes).get(id) ?? []
      const flushed = drafts.map((draft, part) =>
        draft.flush(namer(id, part), namer(pagesNode(id), part)),
      )
      states[id] = { kind, form, layout, partitions: flushed.map(({ stored }) => stored) }
      for (const one of flushed) for (const ref of one.retired) retired.push(ref)
    }
    return { states, segments, retired }
  }

  /** Makes the drafts the live state. Only after the commit was acknowledged (B3). */
  publish(): void {
    for (const draft of this.#all()) draft.publish()
    for (const [id, timer] of this.#timers) this.#parts.timers.set(id, timer)
  }

  #all(): readonly PartitionDraft[] {
    return [...this.#parts.states.values(), ...this.#parts.panes.values()].flat()
  }
}
