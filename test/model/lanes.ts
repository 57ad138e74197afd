/**
 * Lanes and what batches take from them: the model of `lib/state/lanes.ts` and
 * `lib/runtime/sources/lanes/reader.ts`.
 */
import { errs, type Model } from './protocol.ts'
import {
  type AttemptId,
  type Block,
  type Offsets,
  type Delivery,
  type Entry,
  type Lane,
  type BatchInput,
  recordId,
  type RecordId,
  type World,
} from './world.ts'

const count = (blocks: readonly Block[]): number =>
  blocks.reduce((sum, { records }) => sum + records.length, 0)

/** `entryAfter`: of an entry that crosses the offset, only the blocks after it. */
export const entriesAfter = (model: Model, lane: Lane, offset: number): readonly Entry[] =>
  lane.entries
    .filter(({ last }) => last > offset)
    .map((entry) => {
      if (entry.first > offset || errs(model, 'entry across the offset taken whole')) return entry
      return { ...entry, first: offset + 1, blocks: entry.blocks.filter(({ at }) => at > offset) }
    })

/** Whether a lane holds anything that no batch has taken. */
export const isWaiting = (model: Model, world: World, offsets: Offsets): boolean =>
  world.lanes.some((lane, index) => entriesAfter(model, lane, offsets[index] as number).length > 0)

/**
 * `allocate`: whole entries from all lanes in turn until the batch is full, but at least one (B8).
 * A child lane is taken only when its parent is drained.
 */
export const allocate = (
  model: Model,
  lanes: readonly Lane[],
  offsets: Offsets,
  time: number,
): BatchInput => {
  const waiting = lanes.map((lane, index) =>
    entriesAfter(model, lane, offsets[index] as number).filter((entry) =>
      isMember(model, entry, time),
    ),
  )
  const taken: Entry[][] = waiting.map(() => [])
  fill(model, waiting, taken)
  const offsetAfter = (lane: number): number => {
    const before = offsets[lane] as number
    if (errs(model, 'offset at the tail') || errs(model, 'membership by receive time'))
      return Math.max(before, lanes[lane]?.tail ?? before)
    return taken[lane]?.at(-1)?.last ?? before
  }
  return {
    blocks: taken.flat().flatMap(({ blocks }) => blocks),
    offsets: offsets.map((_, lane) => offsetAfter(lane)),
  }
}

const isMember = (model: Model, { received }: Entry, time: number): boolean =>
  !errs(model, 'membership by receive time') || received === time - 1

const fill = (
  model: Model,
  waiting: readonly (readonly Entry[])[],
  taken: readonly Entry[][],
): void => {
  const isDrained = (lane: number): boolean => taken[lane]?.length === waiting[lane]?.length
  const isOpen = (lane: number): boolean =>
    lane === 0 ||
    model.bounds.isFamily !== true ||
    isDrained(0) ||
    errs(model, 'child taken beside its parent')
  let records = 0
  for (let offered = true; offered;) {
    offered = false
    for (const [lane, entries] of waiting.entries()) {
      const entry = entries[taken[lane]?.length ?? 0]
      if (entry === undefined || !isOpen(lane)) continue
      offered = true
      records += count(entry.blocks)
      if (taken.some((some) => some.length > 0) && records > model.bounds.batch) return
      taken[lane]?.push(entry)
    }
  }
}

/** The readable records of a delivery after a tail. */
export const freshRecords = (
  model: Model,
  { lane, first, last }: Delivery,
  tail: number,
): readonly RecordId[] => {
  const from = errs(model, 'redelivered records not dropped') ? first : Math.max(first, tail + 1)
  return Array.from({ length: Math.max(0, last - from + 1) }, (_, index) =>
    recordId(lane, from + index),
  ).filter((id) => id !== model.bounds.bad)
}

/**
 * What an invocation of intake knows while it appends: how far the lanes are consumed, and the
 * time.
 */
interface Appending {
  readonly known: Offsets
  readonly received: number
}

/**
 * `#appendNew` and `#queueWith`: the lane with a delivery after its tail, and without what is
 * consumed.
 */
export const appended = (
  model: Model,
  seen: Lane,
  delivery: Delivery,
  { known, received }: Appending,
  by: AttemptId,
): Lane => {
  const { last } = delivery
  const records = freshRecords(model, delivery, seen.tail)
  const blocks =
    records.length === 0
      ? []
      : [{ name: `b${recordId(delivery.lane, last)}${by}`, at: last, records }]
  const entry: Entry = { first: Math.max(delivery.first, seen.tail + 1), last, blocks, received }
  const waiting = entriesAfter(model, seen, known[delivery.lane] as number)
  const before = waiting.at(-1)
  const isSmall = before !== undefined && count(before.blocks) + count(blocks) <= model.bounds.entry
  const joined = isSmall
    ? [...waiting.slice(0, -1), { ...before, last, blocks: [...before.blocks, ...blocks] }]
    : [...waiting, entry]
  return { tail: last, by, entries: joined }
}
