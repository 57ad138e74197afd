/** What one attempt at a batch makes of the state: drafts, until the batch is committed (B3). */
import { gridTimeAtOrAfter } from '../base/batch-time.ts'
import { invariant } from '../base/errors.ts'
import { greatestOf } from '../base/extremes.ts'
import type { ItemStore } from '../ports/item-store.ts'
import { AwayDraft, type AwayPartition, type MovedAway } from './away-partition.ts'
import type { Regrouped } from './former-panes.ts'
import type { HomePartition } from './load-partition.ts'
import type { StoredState } from './manifest.ts'
import { panesId, type StateShape } from './operator/state-declaration.ts'
import type { KeysInTime, Timer, TimerState } from './operator/timer.ts'
import { PaneDraft } from './pane-partition.ts'
import type { PartitionDraft } from './partition-draft.ts'
import { segmentNamer } from './segment-namer.ts'
import type { NamedSegment, NameSegment, SegmentRef } from './segments.ts'
import type { StateDraft } from './state-partition.ts'
import { pagesNode, type StoredPartition } from './stored-list.ts'

/** State or panes: a map from their id to their partitions. */
export type Partitions<P> = ReadonlyMap<string, readonly P[]>

/** What an attempt changes of a partition: of state or of panes, here or in another process. */
export type LiveDraft = StateDraft | PaneDraft | AwayDraft

/** The states after a batch, and the new segments, which are not written yet. */
export interface FlushedStates {
  readonly states: Readonly<Record<string, StoredState>>
  readonly segments: readonly NamedSegment[]
  /** What the states before named, and these do not name any more. */
  readonly retired: readonly SegmentRef[]
}

/** Where partitions are: see `LiveState`. */
interface Homes {
  isAllStored(id: string, part: number): boolean
  leave(id: string, part: number, stored: StoredPartition): AwayPartition
  bringHome(id: string, part: number): Promise<HomePartition>
  draftAgain(id: string, part: number, timeMs: number): LiveDraft
}

interface DraftParts {
  readonly timeMs: number
  /** Those of state and of panes, by the id of their shape. */
  readonly drafts: ReadonlyMap<string, LiveDraft[]>
  readonly live: Homes
  /** The live timers. `publish` changes them. */
  readonly timers: Map<string, TimerState>
}

/** What is stored of one partition of an operator: of its state, or of its panes. */
export interface Before {
  /** The id of the shape. */
  readonly id: string
  readonly stored: StoredPartition
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
  drafts: readonly LiveDraft[],
  partitions: number,
): Regrouped | undefined => {
  const [first] = drafts
  // Panes that are divided in another way are all here.
  if (!(first instanceof PaneDraft)) return undefined
  for (const draft of drafts.slice(partitions))
    if (draft instanceof PaneDraft) draft.dropBefore(first.dropsBeforeMs)
  return first.regrouped
}

const withDue = (
  { firedMs, eventTime, expired: before = 0 }: TimerState,
  dueMs: number | undefined,
  { waiting = 0, expired = 0, idleMs }: Partial<KeysInTime> = {},
): TimerState => ({
  ...(firedMs === undefined ? {} : { firedMs }),
  ...(dueMs === undefined ? {} : { dueMs }),
  ...(waiting === 0 ? {} : { waiting }),
  ...(idleMs === undefined ? {} : { idleMs }),
  ...(before + expired === 0 ? {} : { expired: before + expired }),
  ...(eventTime === undefined ? {} : { eventTime }),
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
    return this.#home(id, partition) as StateDraft
  }

  /** The panes of one partition of an operator, in this process. */
  panes(id: string, partition: number): PaneDraft {
    return this.#home(panesId(id), partition) as PaneDraft
  }

  #home(id: string, partition: number): LiveDraft | undefined {
    const draft = this.#parts.drafts.get(id)?.[partition]
    invariant('B3', !(draft instanceof AwayDraft), `${id} ${partition} is in another process`)
    return draft
  }

  /** The drafts of an operator, by the ids of their shapes: its state, then its panes. */
  #of(node: string): readonly (readonly [id: string, drafts: LiveDraft[]])[] {
    return [node, panesId(node)].flatMap((id) => {
      const drafts = this.#parts.drafts.get(id)
      return drafts === undefined ? [] : [[id, drafts] as const]
    })
  }

  /** What is stored of a partition of an operator before the batch: its state, then its panes. */
  before(node: string, partition: number): readonly Before[] {
    return this.#of(node).map(([id, drafts]) => ({
      id,
      stored: (drafts[partition] as LiveDraft).before,
    }))
  }

  /** The bytes that are stored of an operator. */
  storedBytes(node: string): number {
    const drafts = this.#of(node).flatMap(([, some]) => some)
    return drafts.reduce((total, { before }) => total + before.bytes, 0)
  }

  /** The most segments that are stored of a partition of an operator that is in another process. */
  mostAway(node: string): number {
    const drafts = this.#of(node).flatMap(([, some]) => some)
    return greatestOf(drafts.map((one) => (one instanceof AwayDraft ? one.before.count : 0)))
  }

  /**
   * Leaves a partition of an operator to another process, before the batch has changed it. Returns
   * false if the store does not have all of it.
   */
  leave(node: string, partition: number): boolean {
    const { live } = this.#parts
    const all = this.#of(node)
    const canLeave = all.every(([id, drafts]) => {
      const draft = drafts[partition]
      if (draft instanceof AwayDraft) return true
      return draft?.isUnchanged === true && live.isAllStored(id, partition)
    })
    if (!canLeave) return false
    for (const [id, drafts] of all) {
      const draft = drafts[partition] as LiveDraft
      if (!(draft instanceof AwayDraft))
        drafts[partition] = live.leave(id, partition, draft.before).draft()
    }
    return true
  }

  /** Takes what another process has made of a partition: of its state, then of its panes. */
  take(node: string, partition: number, made: readonly MovedAway[]): void {
    for (const [index, [, drafts]] of this.#of(node).entries())
      (drafts[partition] as AwayDraft).take(made[index] as MovedAway)
  }

  /** Reads a partition that another process has, as it was before the batch. */
  async bringHome(node: string, partition: number): Promise<void> {
    const { live, timeMs } = this.#parts
    for (const [id, drafts] of this.#of(node)) {
      if (!(drafts[partition] instanceof AwayDraft)) continue
      drafts[partition] = (await live.bringHome(id, partition)).draft(timeMs)
    }
  }

  /** Drops all changes of an operator, so that it can begin again. */
  restart(node: string): void {
    const { live, timeMs } = this.#parts
    for (const [id, drafts] of this.#of(node))
      for (const part of drafts.keys()) drafts[part] = live.draftAgain(id, part, timeMs)
  }

  /** The timer of an operator. */
  timer(id: string, { zeroMs, everyMs }: TimerGrid): Timer {
    const { timeMs } = this.#parts
    const before = this.#parts.timers.get(id)
    const stateNow = (): TimerState => this.#timers.get(id) ?? before ?? {}
    return {
      eventTime: before?.eventTime,
      get watermark() {
        return { before: before?.eventTime?.watermarkMs, now: stateNow().eventTime?.watermarkMs }
      },
      setEventTime: (eventTime) => void this.#timers.set(id, { ...stateNow(), eventTime }),
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
      const drafts = this.#parts.drafts.get(id) ?? []
      const regrouped = leavePartitions(drafts, partitions)
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
    return [...this.#parts.drafts.values()].flat()
  }
}
