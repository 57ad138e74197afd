/** What one attempt at a batch makes of the state: drafts, until the batch is committed (B3). */
import { gridTimeAtOrAfter } from '../base/batch-time.ts'
import { invariant } from '../base/errors.ts'
import type { ItemStore } from '../ports/item-store.ts'
import { AwayDraft, type AwayPartition } from './away-partition.ts'
import type { Regrouped } from './former-panes.ts'
import type { StoredState } from './manifest.ts'
import { panesId, type StateShape } from './operator/state-declaration.ts'
import type { KeysInTime, Timer, TimerState } from './operator/timer.ts'
import type { PaneDraft } from './pane-partition.ts'
import type { PartitionDraft } from './partition-draft.ts'
import { segmentNamer } from './segment-namer.ts'
import type { NamedSegment, NameSegment, SegmentRef } from './segments.ts'
import type { StateDraft, StatePartition } from './state-partition.ts'
import { pagesNode, type StoredPartition } from './stored-list.ts'

/** State or panes: a map from their id to their partitions. */
export type Partitions<P> = ReadonlyMap<string, readonly P[]>

/** The states after a batch, and the new segments, which are not written yet. */
export interface FlushedStates {
  readonly states: Readonly<Record<string, StoredState>>
  readonly segments: readonly NamedSegment[]
  /** What the states before named, and these do not name any more. */
  readonly retired: readonly SegmentRef[]
}

/** Where partitions are: see `LiveState`. */
interface Homes {
  leave(id: string, part: number): AwayPartition | undefined
  bringHome(id: string, part: number): Promise<StatePartition>
}

interface DraftParts {
  readonly timeMs: number
  readonly states: ReadonlyMap<string, (StateDraft | AwayDraft)[]>
  readonly live: Homes
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

/**
 * Partitions that the plan has not are in no hands: their panes leave with those of the others.
 * Gives how panes are divided then.
 */
const leavePartitions = (
  panes: readonly PaneDraft[],
  partitions: number,
): Regrouped | undefined => {
  const [first] = panes
  if (first === undefined) return undefined
  for (const draft of panes.slice(partitions)) draft.dropBefore(first.dropsBeforeMs)
  return first.regrouped
}

const withDue = (
  { firedMs, expired: before = 0 }: TimerState,
  dueMs: number | undefined,
  { waiting = 0, expired = 0, idleMs }: Partial<KeysInTime> = {},
): TimerState => ({
  ...(firedMs === undefined ? {} : { firedMs }),
  ...(dueMs === undefined ? {} : { dueMs }),
  ...(waiting === 0 ? {} : { waiting }),
  ...(idleMs === undefined ? {} : { idleMs }),
  ...(before + expired === 0 ? {} : { expired: before + expired }),
})

/** The drafts of all states, panes and timers, for one attempt. */
export class StateDrafts {
  readonly #shapes: readonly StateShape[]
  readonly #parts: DraftParts
  readonly #timers = new Map<string, TimerState>()
  #expired = 0

  constructor(shapes: readonly StateShape[], parts: DraftParts) {
    this.#shapes = shapes
    this.#parts = parts
  }

  /** The state of one partition of an operator, in this process. */
  state(id: string, partition: number): StateDraft {
    const draft = this.#parts.states.get(id)?.[partition]
    invariant('B3', !(draft instanceof AwayDraft), `${id} ${partition} is in another process`)
    return draft as StateDraft
  }

  /** The same, if it is in another process. */
  away(id: string, partition: number): AwayDraft | undefined {
    const draft = this.#parts.states.get(id)?.[partition]
    return draft instanceof AwayDraft ? draft : undefined
  }

  /** What is stored of a partition before the batch. */
  before(id: string, partition: number): StoredPartition {
    const draft = this.#parts.states.get(id)?.[partition] as StateDraft | AwayDraft
    return draft.before
  }

  /** The bytes that are stored of the state of an operator. */
  storedBytes(id: string): number {
    const drafts = this.#parts.states.get(id) ?? []
    return drafts.reduce((total, { before }) => total + before.bytes, 0)
  }

  /**
   * Leaves a partition to another process, before the batch has changed it. Gives nothing if the
   * store does not have all of it.
   */
  leave(id: string, partition: number): AwayDraft | undefined {
    const drafts = this.#parts.states.get(id) ?? []
    const draft = drafts[partition]
    if (draft === undefined || draft instanceof AwayDraft) return draft
    const left = draft.isUnchanged ? this.#parts.live.leave(id, partition)?.draft() : undefined
    if (left !== undefined) drafts[partition] = left
    return left
  }

  /** Reads a partition that another process has, as it was before the batch. */
  async bringHome(id: string, partition: number): Promise<void> {
    const home = await this.#parts.live.bringHome(id, partition)
    const drafts = this.#parts.states.get(id) ?? []
    if (drafts[partition] instanceof AwayDraft) drafts[partition] = home.draft(this.#parts.timeMs)
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
      setDue: (wantedMs, keys) => {
        const isOnTime = wantedMs === undefined || everyMs === undefined || keys?.isExact === true
        const dueMs = isOnTime ? wantedMs : gridTimeAtOrAfter(wantedMs, zeroMs, everyMs)
        this.#timers.set(id, withDue(stateNow(), dueMs, keys))
        this.#expired += keys?.expired ?? 0
      },
    }
  }

  /** How many keys have ended in this batch, because they were idle. */
  get expired(): number {
    return this.#expired
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
    const names = { store, app, timeMs: this.#parts.timeMs, attemptId }
    const namer = (node: string, part: number): NameSegment =>
      segmentNamer(names, segments, { node, part })
    for (const { id, kind, form, layout, partitions } of this.#shapes) {
      const panes = this.#parts.panes.get(id) ?? []
      const regrouped = leavePartitions(panes, partitions)
      const drafts: readonly PartitionDraft[] =
        form === 'state' ? (this.#parts.states.get(id) ?? []) : panes
      const flushed = drafts.map((draft, part) =>
        draft.flush(namer(id, part), namer(pagesNode(id), part)),
      )
      const stored = flushed.map((one) => one.stored)
      states[id] = {
        kind,
        form,
        layout,
        partitions: regrouped === undefined ? stored.slice(0, partitions) : stored,
        ...(regrouped === undefined ? {} : { regrouped }),
      }
      for (const one of flushed) {
        for (const ref of one.retired) retired.push(ref)
        for (const segment of one.segments ?? []) segments.push(segment)
      }
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
