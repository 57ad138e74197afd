/** The lanes of a source, with the entries after their offsets. */
import { allOrFirstError, mapAtOnce } from '../../../base/concurrency.ts'
import { type Usage, usageSum } from '../../../base/prices.ts'
import { BEGINNING, isAfter, type LaneEntry } from '../../../state/lane-entries.ts'
import { type LanePage, type LaneSize, partsAfter, sizeOf } from '../../../state/lane-pages.ts'
import {
  firstEntries,
  isWaiting,
  partsOf,
  type ReadLimits,
  type Waiting,
  waitingIn,
} from '../../../state/lane-reader.ts'
import { LanePartitions } from '../../../state/lane-partitions.ts'
import { type Lane, lineageOrder, readLane, readLanes } from '../../../state/lanes.ts'
import type { LaneOffsets } from '../../../state/offsets.ts'
import type { LaneLimit } from '../source-reader.ts'
import type { SourcePlace } from '../source-kind.ts'

const LANES_AT_ONCE = 32
/** Of a lane that waits for its parents, the first page is read: the batch may drain these. */
const LITTLE: ReadLimits = { entries: 0, count: 0, bytes: 0 }
/** A batch takes no more entries: its input names all their blocks, and it reads each. */
const ENTRIES_MAX = 4_096

/** The limits of a batch that count for lanes. */
interface TakeLimits {
  readonly records: number
  readonly bytes: number
  /** The most records of each lane, with Spark's rates. Left out: there is no such limit. */
  readonly perLane?: LaneLimit
}

/** The entries of one lane that a batch takes. Every attempt at the batch reads these (B7). */
export interface LaneInput {
  readonly lane: string
  readonly entries: readonly LaneEntry[]
  /** The pages that nothing needs after the batch. Left out: there are none. */
  readonly pages?: readonly LanePage[]
}

/** The first entries of a lane after its offset. */
export interface WaitingLane extends LaneInput {
  readonly parents: readonly string[]
  /** The pages in which these entries were. */
  readonly pages: readonly LanePage[]
  /** What waits after these entries. */
  readonly rest: LaneSize
  /** A batch takes no more records of the lane, except one entry. Infinity: no such limit. */
  readonly recordsMax: number
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
  readonly #partitions: LanePartitions
  #intakeUsed: Usage | undefined

  constructor(place: SourcePlace, selection: LaneSelection) {
    this.#place = place
    this.#selection = selection
    this.#partitions = new LanePartitions(place.store, place.app, place.source)
  }

  /** What intake has used for all lanes of the source, also those that are not selected. */
  get intakeUsed(): Usage | undefined {
    return this.#intakeUsed
  }

  /** Reads all selected lanes. */
  async readAll(): Promise<readonly Lane[]> {
    const { store, app, source } = this.#place
    const lanes = await readLanes(store, app, source, this.#partitions)
    const used = lanes.flatMap((lane) => lane.used ?? [])
    this.#intakeUsed = used.length === 0 ? undefined : usageSum(used)
    return this.#withPredecessors(lanes.filter(({ lane }) => this.#selection.isRead(lane)))
  }

  /**
   * The first entries of lanes after the offsets, as many as a batch within the limits may take of
   * each. Parents come before their children.
   */
  async waitingWithin(
    limits: TakeLimits,
    offsets: LaneOffsets,
    lanes: readonly Lane[],
  ): Promise<readonly WaitingLane[]> {
    const waiting = lineageOrder(lanes).map((lane) => {
      const offset = offsets[lane.lane] ?? BEGINNING
      return { lane, offset, size: sizeOf(partsAfter(partsOf(lane), offset)) }
    })
    const full = new Set(waiting.flatMap(({ lane, size }) => (size.entries > 0 ? [lane.lane] : [])))
    const isOpen = ({ parents }: Lane): boolean => parents.every((parent) => !full.has(parent))
    const open = waiting.filter(({ lane }) => isOpen(lane))
    const sizes = open.map(({ size }) => size)
    const share = shareOf(limits, sizes)
    const waitsInAll = sizes.reduce((total, { count }) => total + count, 0)
    return mapAtOnce(waiting, LANES_AT_ONCE, async ({ lane, offset, size }) => {
      const recordsMax = recordsMaxOf(limits, size.count, waitsInAll)
      // Where lanes share by what waits, the share of a lane may be more than an equal one.
      const count = limits.perLane?.byWaiting ? recordsMax : Math.min(share.count, recordsMax)
      const own = { ...share, count }
      return {
        lane: lane.lane,
        parents: lane.parents,
        recordsMax,
        ...(await firstEntries(this.#place, lane, offset, isOpen(lane) ? own : LITTLE)),
      }
    })
  }

  /** Whether any lane has something after its offset. */
  async isAnyWaiting(offsets: LaneOffsets): Promise<boolean> {
    const lanes = await this.readAll()
    return lanes.some((lane) => isWaiting(lane, offsets[lane.lane] ?? BEGINNING))
  }

  /** What waits in each lane. */
  async allWaiting(offsets: LaneOffsets): Promise<readonly Waiting[]> {
    return mapAtOnce(await this.readAll(), LANES_AT_ONCE, async (lane) =>
      waitingIn(this.#place, lane, offsets[lane.lane] ?? BEGINNING),
    )
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
      lanes.flatMap((lane) =>
        offsets[lane.lane] === undefined && isWaiting(lane, BEGINNING)
          ? [lane.lane, ...lane.parents]
          : [],
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
 * Takes whole entries from all lanes in turn until a limit is reached. The lane that waits longest
 * is first, so that no lane waits for ever where a batch cannot take something of each. Takes at
 * least one entry, otherwise no batch could ever take a large one. Takes from a lane with parents
 * only when its parents are drained. So the records of a key stay in order when its shard is split
 * or merged.
 */
export const takeEntries = (
  waiting: readonly WaitingLane[],
  limits: TakeLimits,
): readonly LaneInput[] => {
  const taken = waiting.map(() => [] as LaneEntry[])
  const indexes = new Map(waiting.map(({ lane }, index) => [lane, index]))
  const isDrained = (index: number): boolean =>
    (waiting[index]?.entries.length ?? 0) === (taken[index]?.length ?? 0) &&
    (waiting[index]?.rest.entries ?? 0) === 0
  const isOpen = (parents: readonly string[]): boolean =>
    parents.every((parent) => isDrained(indexes.get(parent) ?? -1))
  const all = (): readonly LaneInput[] =>
    waiting.map(({ lane, pages }, index) => inputOf(lane, pages, taken[index] ?? []))
  const inTurn = longestWaitFirst(waiting)
  const takenOf = waiting.map(() => 0)
  let entriesTaken = 0
  let records = 0
  let bytes = 0
  for (let offered = true; offered;) {
    offered = false
    for (const [index, { parents, entries, recordsMax }] of inTurn) {
      const entry = entries[taken[index]?.length ?? 0]
      if (entry === undefined || !isOpen(parents)) continue
      const ofLane = takenOf[index] ?? 0
      if (ofLane > 0 && ofLane + entry.count > recordsMax) continue
      offered = true
      records += entry.count
      bytes += entry.bytes
      const isOver = records > limits.records || bytes > limits.bytes
      if (entriesTaken > 0 && (isOver || entriesTaken >= ENTRIES_MAX)) return all()
      taken[index]?.push(entry)
      takenOf[index] = ofLane + entry.count
      entriesTaken += 1
    }
  }
  return all()
}

/** The lanes with their indexes. Clocks of intake decide only about who is first. */
const longestWaitFirst = (
  waiting: readonly WaitingLane[],
): readonly (readonly [index: number, lane: WaitingLane])[] => {
  const since = ([, { entries }]: readonly [number, WaitingLane]): number =>
    entries[0]?.receivedMs ?? Infinity
  return [...waiting.entries()].toSorted((a, b) => {
    const [sinceA, sinceB] = [since(a), since(b)]
    return sinceA === sinceB ? a[0] - b[0] : sinceA < sinceB ? -1 : 1
  })
}

/**
 * The most records of a lane (B8). With `byWaiting`, the lanes share the records of the batch in
 * proportion to what waits in them, as the partitions of Spark's direct Kafka stream do.
 */
const recordsMaxOf = (
  { records, perLane }: TakeLimits,
  waits: number,
  waitsInAll: number,
): number => {
  if (perLane === undefined) return Infinity
  const share = perLane.byWaiting && waitsInAll > 0 ? (records * waits) / waitsInAll : Infinity
  return Math.max(1, Math.floor(Math.min(perLane.recordsMax, share)))
}

const inputOf = (
  lane: string,
  pages: readonly LanePage[],
  entries: readonly LaneEntry[],
): LaneInput => {
  const last = entries.at(-1)?.last ?? BEGINNING
  const used = pages.filter(({ ref }) => !isAfter(ref.at, last))
  return { lane, entries, ...(used.length === 0 ? {} : { pages: used }) }
}

/**
 * The most that is read of each lane, so that a batch can fill its limits and a thousand lanes are
 * not read for one batch. What lanes with less leave is divided among the others.
 */
const shareOf = (limits: TakeLimits, sizes: readonly LaneSize[]): ReadLimits => ({
  entries: levelOf(
    sizes.map(({ entries }) => entries),
    ENTRIES_MAX,
  ),
  count: levelOf(
    sizes.map(({ count }) => count),
    limits.records,
  ),
  bytes: levelOf(
    sizes.map(({ bytes }) => bytes),
    limits.bytes,
  ),
})

/** The most for each, so that all together are within a limit. Infinity: all fit. */
const levelOf = (sizes: readonly number[], limit: number): number => {
  let left = limit
  for (const [index, size] of sizes.toSorted((a, b) => a - b).entries()) {
    const share = left / (sizes.length - index)
    if (size > share) return share
    left -= size
  }
  return Infinity
}
