import { allOrFirstError } from '../base/concurrency.ts'
import { type AwayDraft, AwayPartition } from './away-partition.ts'
import { type CarriedState, carryState } from './carried-state.ts'
import { FormerPanes } from './former-panes.ts'
import { loadPartition } from './load-partition.ts'
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
import type { LogSettings } from './state-log.ts'
import { type StateDraft, StatePartition } from './state-partition.ts'

/**
 * The state of a plan: the shapes of everything it keeps, and the operators that may have a timer.
 */
export interface StateLayout {
  readonly states: readonly PlannedState[]
  readonly operators: readonly { readonly id: string }[]
}

/** A partition of keyed state: in memory here, or in another process. */
export type LivePartition = StatePartition | AwayPartition

/** How partitions are read. */
export interface LoadSettings {
  readonly log?: LogSettings | undefined
  /** Which partitions are left to other processes. Default: none. */
  readonly isAway?: (id: string, part: number, stored: StoredState) => boolean
}

/** What a manifest names, in memory. */
interface LoadedState {
  readonly states: Map<string, LivePartition[]>
  /** States that an earlier plan has stored in another way. */
  readonly carried: Map<string, CarriedState>
  readonly panes: Partitions<PanePartition>
}

/** The live state of all operators, as of one manifest. */
export class LiveState {
  readonly #shapes: readonly StateShape[]
  readonly #loaded: LoadedState
  readonly #timers: Map<string, TimerState>
  readonly #read: ReadSegment
  readonly #settings: LogSettings | undefined

  private constructor(
    { states: shapes, operators }: StateLayout,
    loaded: LoadedState,
    { timers }: Manifest,
    { read, settings }: { read: ReadSegment; settings: LogSettings | undefined },
  ) {
    this.#read = read
    this.#settings = settings
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
    { log: settings, isAway = () => false }: LoadSettings = {},
  ): Promise<LiveState> {
    const states = new Map<string, LivePartition[]>()
    const carried = new Map<string, CarriedState>()
    const panes = new Map<string, readonly PanePartition[]>()
    for (const shape of layout.states) {
      const { id, form, partitions } = shape
      const stored = manifest.states[id]
      const lists = Array.from({ length: partitions }, (_, part) => stored?.partitions[part])
      if (form === 'panes')
        panes.set(id, await loadPanes(shape, { stored, timeMs: manifest.timeMs }, read, settings))
      else if (stored === undefined || isSameShape(shapeOfStored(id, stored), shape))
        states.set(
          id,
          await allOrFirstError(
            lists.map(async (one, part) =>
              stored !== undefined && one !== undefined && isAway(id, part, stored)
                ? new AwayPartition(one)
                : loadPartition(id, one, read, settings),
            ),
          ),
        )
      else carried.set(id, await loadCarried(shape, stored, manifest, read, settings))
    }
    return new LiveState(layout, { states, carried, panes }, manifest, { read, settings })
  }

  /** The number of keys of a state that is in memory here. */
  keysOf(id: string): number {
    const partitions = this.partitions.get(id) ?? []
    return partitions.reduce((total, one) => total + (one?.size ?? 0), 0)
  }

  /** The partitions of keyed state, by the id of their state. Undefined: it is not here. */
  get partitions(): Partitions<StatePartition | undefined> {
    return mapEach(this.#loaded.states, (one) => (one instanceof StatePartition ? one : undefined))
  }

  /** Leaves a partition to another process, if the store has all of it. */
  leave(id: string, part: number): AwayPartition | undefined {
    const partitions = this.#loaded.states.get(id)
    const partition = partitions?.[part]
    if (partitions === undefined || !(partition instanceof StatePartition)) return undefined
    if (!partition.isAllStored) return undefined
    return (partitions[part] = new AwayPartition(partition.log.stored))
  }

  /** Reads a partition that another process has. It is here from now on. */
  async bringHome(id: string, part: number): Promise<StatePartition> {
    const partitions = this.#loaded.states.get(id) ?? []
    const partition = partitions[part]
    if (!(partition instanceof AwayPartition)) return partition as StatePartition
    const home = await loadPartition(id, partition.stored, this.#read, this.#settings)
    return (partitions[part] = home)
  }

  /** The drafts of an attempt at a batch. */
  draft(timeMs: number): StateDrafts {
    const { states, carried, panes } = this.#loaded
    for (const [id, state] of carried) states.set(id, [...carryState(state, timeMs)])
    carried.clear()
    return new StateDrafts(this.#shapes, {
      timeMs,
      states: mapEach(states, (partition): StateDraft | AwayDraft => partition.draft(timeMs)),
      live: this,
      panes: mapEach(panes, (partition) => partition.draft(timeMs)),
      timers: this.#timers,
    })
  }
}

const mapEach = <P, D>(all: Partitions<P>, f: (partition: P) => D): ReadonlyMap<string, D[]> =>
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
  allOrFirstError(lists.map((stored) => loadPartition(id, stored, read, settings)))
