/** Reads partitions of keyed state and of panes from the store. */
import { allOrFirstError } from '../base/concurrency.ts'
import type { PlannedState } from './operator/state-declaration.ts'
import { PanePartition } from './pane-partition.ts'
import { SegmentList } from './segment-list.ts'
import type { ReadSegment } from './segments.ts'
import { type LogSettings, StateLog } from './state-log.ts'
import { StatePartition } from './state-partition.ts'
import type { StoredPartition } from './stored-list.ts'

/** Segments that are read at the same time: enough to hide how long each takes. */
const READS_AT_ONCE = 32

/** A partition in memory: of state, or of panes. */
export type HomePartition = StatePartition | PanePartition

/** Reads a partition. `id`: that of the state. Undefined: nothing is stored of it. */
export const loadPartition = async (
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

/** Reads which panes there are. They are read when they are needed. */
export const loadPaneList = async (
  id: string,
  stored: StoredPartition | undefined,
  read: ReadSegment,
  settings: LogSettings | undefined,
): Promise<SegmentList> =>
  stored === undefined
    ? SegmentList.empty(settings?.pageRefs)
    : SegmentList.load(id, stored, read, settings?.pageRefs)

/** Where a partition of a state of a plan is stored. */
export interface StoredPlace {
  readonly shape: PlannedState
  readonly part: number
  /** Undefined: nothing is stored of it. */
  readonly stored: StoredPartition | undefined
}

/** Reads a partition that is stored as the plan says. */
export const loadHome = async (
  { shape: { id, form, panesWait = false }, part, stored }: StoredPlace,
  read: ReadSegment,
  settings: LogSettings | undefined,
): Promise<HomePartition> => {
  if (form === 'state') return loadPartition(id, stored, read, settings)
  const list = await loadPaneList(id, stored, read, settings)
  return new PanePartition(list, read, { isWaiting: panesWait, part })
}
