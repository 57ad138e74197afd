import { allOrFirstError } from '../base/concurrency.ts'
import { type CarriedState, carryState } from './carried-state.ts'
import { FormerPanes } from './former-panes.ts'
import { type Manifest, shapeOfStored, type StoredState } from './manifest.ts'
import {
  conversionOf,
  isSameShape,
  type PlannedState,
  type StateShape,
} from './operator/state-declaration.ts'
import type { TimerState } from './operator/timer.ts'
import { PanePartition } from './pane-partition.ts'
import { SegmentList } from './segment-list.ts'
import { type Partitions, StateDrafts } from './state-drafts.ts'
import type { StoredPartition } from './stored-list.ts'
import type { ReadSegment } from './segments.ts'
import { type LogSettings, StateLog } from './state-log.ts'
import { StatePartition } from './state-partition.ts'

/**
 * The state of a plan: the shapes of everything it keeps, and the operators that may have a timer.
 */
export interface StateLayout {
  readonly states: readonly PlannedState[]
  readonly operators: readonly { readonly id: string }[]
}

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
      if (form === 'panes')
        panes.set(id, await loadPanes(shape, { stored, timeMs: manifest.timeMs }, read, settings))
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

  /** The partitions of keyed state, by the id of their state. */
  get partitions(): Partitions<StatePartition> {
    return this.#loaded.states
  }

  /** The drafts of an attempt at a batch. */
  draft(timeMs: number): StateDrafts {
    const { states, carried, panes } = this.#loaded
    for (const [id, state] of carried) states.set(id, carryState(state, timeMs))
    carried.clear()
    return new StateDrafts(this.#shapes, {
      timeMs,
      states: mapEach(states, (partition) => partition.draft(timeMs)),
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

/** The panes of an operator, and the time of the last batch that was stored. */
interface StoredPanes {
  readonly stored: StoredState | undefined
  readonly timeMs: number
}

/**
 * The partitions of the plan come first. After them are those that an earlier plan had more, until
 * their panes have left.
 */
const loadPanes = async (
  { id, partitions, panesWait = false }: PlannedState,
  { stored, timeMs }: StoredPanes,
  read: ReadSegment,
  settings: LogSettings | undefined,
): Promise<readonly PanePartition[]> => {
  const known = stored?.partitions ?? []
  const numbers = Array.from({ length: Math.max(known.length, partitions) }, (_, part) => part)
  const lists = await allOrFirstError(
    numbers.map(async (part) => {
      const one = known[part]
      return one === undefined
        ? SegmentList.empty(settings?.pageRefs)
        : SegmentList.load(id, one, read, settings?.pageRefs)
    }),
  )
  const before = stored && shapeOfStored(id, stored).partitions
  const isChanged = before !== undefined && before !== partitions
  const regrouped = isChanged ? { untilMs: timeMs, partitions } : stored?.regrouped
  const former = regrouped && new FormerPanes(regrouped, lists, read)
  return lists.map(
    (list, part) =>
      new PanePartition(list, read, {
        isWaiting: panesWait,
        part,
        former: part < partitions ? former : undefined,
      }),
  )
}

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
