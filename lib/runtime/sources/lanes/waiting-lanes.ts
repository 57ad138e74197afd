/** The lanes of a source, with the entries after their offsets. */
import { allOrFirstError } from '../../../base/concurrency.ts'
import {
  BEGINNING,
  entriesAfter,
  type Lane,
  type LaneEntry,
  lineageOrder,
  readLane,
  readLanes,
} from '../../../state/lanes.ts'
import type { LaneOffsets } from '../../../state/offsets.ts'
import type { SourcePlace } from '../source-kind.ts'

/** The entries of one lane that a batch takes. Every attempt at the batch reads these (B7). */
export interface LaneInput {
  readonly lane: string
  readonly entries: readonly LaneEntry[]
}

/** The entries of a lane after its offset. */
export interface WaitingLane extends LaneInput {
  readonly parents: readonly string[]
}

/** Which lanes of a source are read, and in which order. */
export interface LaneSelection {
  readonly isRead: (lane: string) => boolean
  /**
   * For each of the lanes, those among them that must be drained before it, in addition to its
   * parents. Lanes without such lanes may be left out.
   */
  readonly predecessors: (lanes: readonly string[]) => ReadonlyMap<string, readonly string[]>
}

/** The lanes of one source in the store. */
export class SourceLanes {
  readonly #place: SourcePlace
  readonly #selection: LaneSelection

  constructor(place: SourcePlace, selection: LaneSelection) {
    this.#place = place
    this.#selection = selection
  }

  /** Reads all selected lanes. */
  async readAll(): Promise<readonly Lane[]> {
    const { store, app, source } = this.#place
    const lanes = await readLanes(store, app, source)
    return this.#withPredecessors(lanes.filter(({ lane }) => this.#selection.isRead(lane)))
  }

  /** The entries of lanes after the offsets, parents before their children. */
  waitingIn(offsets: LaneOffsets, lanes: readonly Lane[]): readonly WaitingLane[] {
    return lineageOrder(lanes).map((lane) => ({
      lane: lane.lane,
      parents: lane.parents,
      entries: entriesAfter(lane, offsets[lane.lane] ?? BEGINNING),
    }))
  }

  /**
   * Lanes are not all read at the same time: a child may already have its first entry when its
   * parent was read without its last one. So before a batch first takes from a lane, the parents of
   * that lane are read again. All their entries are there then, because they were stored before the
   * child.
   *
   * The lane itself is read again too. It may have been read before the head, and been emptied
   * since: then the head has no offset for it, and the entries that were read are consumed.
   */
  async withParents(offsets: LaneOffsets, lanes: readonly Lane[]): Promise<readonly Lane[]> {
    const { store, app, source } = this.#place
    const doubtful = new Set(
      lanes.flatMap(({ lane, entries, parents }) =>
        offsets[lane] === undefined && entries.length > 0 ? [lane, ...parents] : [],
      ),
    )
    const again = await allOrFirstError(
      [...doubtful].map((lane) => readLane(store, app, source, lane)),
    )
    const found = again.filter((lane) => lane !== undefined)
    const foundNames = new Set(found.map(({ lane }) => lane))
    return this.#withPredecessors([...lanes.filter(({ lane }) => !foundNames.has(lane)), ...found])
  }

  #withPredecessors(lanes: readonly Lane[]): readonly Lane[] {
    const before = this.#selection.predecessors(lanes.map(({ lane }) => lane))
    return lanes.map((lane) => {
      const more = before.get(lane.lane)
      return more === undefined ? lane : { ...lane, parents: [...lane.parents, ...more] }
    })
  }
}

/**
 * Takes whole entries from all lanes in turn until a limit is reached. Takes at least one entry,
 * otherwise no batch could ever take a large one. Takes from a lane with parents only when its
 * parents are drained. So the records of a key stay in order when its shard is split or merged.
 */
export const takeEntries = (
  waiting: readonly WaitingLane[],
  limits: { readonly records: number; readonly bytes: number },
): readonly LaneInput[] => {
  const taken = waiting.map(({ lane }) => ({ lane, entries: [] as LaneEntry[] }))
  const indexes = new Map(waiting.map(({ lane }, index) => [lane, index]))
  const roomFor = (index: number): number =>
    (waiting[index]?.entries.length ?? 0) - (taken[index]?.entries.length ?? 0)
  const isOpen = (parents: readonly string[]): boolean =>
    parents.every((parent) => roomFor(indexes.get(parent) ?? -1) === 0)
  let records = 0
  let bytes = 0
  let isFirst = true
  for (let offered = true; offered;) {
    offered = false
    for (const [index, { parents, entries }] of waiting.entries()) {
      const entry = entries[taken[index]?.entries.length ?? 0]
      if (entry === undefined || !isOpen(parents)) continue
      offered = true
      records += entry.count
      bytes += entry.bytes
      if (!isFirst && (records > limits.records || bytes > limits.bytes)) return taken
      taken[index]?.entries.push(entry)
      isFirst = false
    }
  }
  return taken
}
