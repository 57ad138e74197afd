import { allOrFirstError } from '../base/concurrency.ts'
import { AwayPartition } from './away-partition.ts'
import { type CarriedState, carryState } from './carried-state.ts'
import { FormerPanes } from './former-panes.ts'
import { type HomePartition, loadHome, loadPaneList, loadPartition } from './load-partition.ts'
import { type Manifest, shapeOfStored, type StoredState } from './manifest.ts'
import { conversionOf, isSameShape, type PlannedState } from './operator/state-declaration.ts'
import type { TimerState } from './operator/timer.ts'
import { PanePartition } from './pane-partition.ts'
import { type LiveDraft, type Partitions, StateDrafts } from './state-drafts.ts'
import type { StoredPartition } from './stored-list.ts'
import type { ReadSegment } from './segments.ts'
import type { LogSettings } from './state-log.ts'
import { StatePartition } from './state-partition.ts'

/**
 * The state of a plan: the shapes of everything it keeps, and the operators that may have a timer.
 */
export interface StateLayout {
  readonly states: readonly PlannedState[]
  readonly operators: readonly { readonly id: string }[]
}

/** A partition of keyed state or of panes: in memory here, or in another process. */
type LivePartition = HomePartition | AwayPartition

/** How partitions are read. */
export interface LoadSettings {
  readonly log?: LogSettings | undefined
  /** Which partitions are left to other processes. `id`: that of the shape. Default: none. */
  readonly isAway?: (id: string, part: number) => boolean
}

/** What a manifest names, in memory. */
interface LoadedState {
  /** Those of keyed state and of panes, by the id of their shape. */
  readonly partitions: Map<string, LivePartition[]>
  /** States that an earlier plan has stored in another way. */
  readonly carried: Map<string, CarriedState>
}

/** The live state of all operators, as of one manifest. */
export class LiveState {
  readonly #shapes: readonly PlannedState[]
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
    const partitions = new Map<string, LivePartition[]>()
    const carried = new Map<string, CarriedState>()
    for (const shape of layout.states) {
      const { id, form } = shape
      const stored = manifest.states[id]
      const isOwn = stored === undefined || isSameShape(shapeOfStored(id, stored), shape)
      if (form === 'state' && !isOwn)
        carried.set(id, await loadCarried(shape, stored, manifest, read, settings))
      else if (isOwn && stored?.regrouped === undefined)
        partitions.set(id, await loadOwn(shape, stored, { read, settings, isAway }))
      else
        partitions.set(
          id,
          await loadPanes(shape, { stored, timeMs: manifest.timeMs }, read, settings),
        )
    }
    return new LiveState(layout, { partitions, carried }, manifest, { read, settings })
  }

  /** The number of keys of a state that is in memory here. */
  keysOf(id: string): number {
    const partitions = this.partitions.get(id) ?? []
    return partitions.reduce((total, one) => total + (one?.size ?? 0), 0)
  }

  /** The same. Undefined: a partition is in another process, or the state is none of keys. */
  knownKeysOf(id: string): number | undefined {
    const partitions = this.partitions.get(id)
    const isHere = partitions !== undefined && partitions.every((one) => one !== undefined)
    return isHere ? this.keysOf(id) : undefined
  }

  /** The partitions of keyed state, by the id of their state. Undefined: it is not here. */
  get partitions(): Partitions<StatePartition | undefined> {
    return mapEach(this.#loaded.partitions, (one) =>
      one instanceof StatePartition ? one : undefined,
    )
  }

  /** Whether the store has all of a partition that is here. */
  isAllStored(id: string, part: number): boolean {
    const partition = this.#loaded.partitions.get(id)?.[part]
    return !(partition instanceof AwayPartition) && partition?.isAllStored === true
  }

  /** Leaves a partition to another process. The store must have all of it: that is `stored`. */
  leave(id: string, part: number, stored: StoredPartition): AwayPartition {
    const partitions = this.#loaded.partitions.get(id) as LivePartition[]
    const isPanes = partitions[part] instanceof PanePartition
    const away = new AwayPartition(stored, isPanes)
    partitions[part] = away
    return away
  }

  /** Reads a partition that another process has. It is here from now on. */
  async bringHome(id: string, part: number): Promise<HomePartition> {
    const partitions = this.#loaded.partitions.get(id) ?? []
    const partition = partitions[part] as LivePartition
    if (!(partition instanceof AwayPartition)) return partition
    const shape = this.#shapes.find((one) => one.id === id) as PlannedState
    const place = { shape, part, stored: partition.stored }
    const home = await loadHome(place, this.#read, this.#settings)
    return (partitions[part] = home)
  }

  /** Starts a partition anew, after an attempt has changed a draft of it and what is beside it. */
  draftAgain(id: string, part: number, timeMs: number): LiveDraft {
    const partition = this.#loaded.partitions.get(id)?.[part] as LivePartition
    if (!(partition instanceof AwayPartition)) partition.forgetMemo()
    return partition.draft(timeMs)
  }

  /** The drafts of an attempt at a batch. */
  draft(timeMs: number): StateDrafts {
    const { partitions, carried } = this.#loaded
    for (const [id, state] of carried) partitions.set(id, [...carryState(state, timeMs)])
    carried.clear()
    return new StateDrafts(this.#shapes, {
      timeMs,
      drafts: mapEach(partitions, (partition): LiveDraft => partition.draft(timeMs)),
      live: this,
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

/** Reads what is stored as the plan says. */
const loadOwn = (
  shape: PlannedState,
  stored: StoredState | undefined,
  { read, settings, isAway }: Reading,
): Promise<LivePartition[]> =>
  allOrFirstError(
    Array.from({ length: shape.partitions }, async (_, part): Promise<LivePartition> => {
      const one = stored?.partitions[part]
      if (stored !== undefined && one !== undefined && isAway(shape.id, part))
        return new AwayPartition(one, shape.form === 'panes')
      return loadHome({ shape, part, stored: one }, read, settings)
    }),
  )

interface Reading {
  readonly read: ReadSegment
  readonly settings: LogSettings | undefined
  readonly isAway: NonNullable<LoadSettings['isAway']>
}

/** The panes of an operator, and the time of the last batch that was stored. */
interface StoredPanes {
  readonly stored: StoredState | undefined
  readonly timeMs: number
}

/**
 * Panes that are, or were, of another number of partitions. The partitions of the plan come first.
 * After them are those that an earlier plan had more, until their panes have left.
 */
const loadPanes = async (
  { id, partitions, panesWait = false }: PlannedState,
  { stored, timeMs }: StoredPanes,
  read: ReadSegment,
  settings: LogSettings | undefined,
): Promise<LivePartition[]> => {
  const known = stored?.partitions ?? []
  const numbers = Array.from({ length: Math.max(known.length, partitions) }, (_, part) => part)
  const lists = await allOrFirstError(
    numbers.map(async (part) => loadPaneList(id, known[part], read, settings)),
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
