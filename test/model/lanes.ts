/**
 * Lanes and what batches take from them: the model of `lib/state/lanes.ts` and
 * `lib/runtime/sources/lanes/reader.ts`.
 */
import { errs, type Model } from './protocol.ts'
import {
  type AttemptId,
  type Block,
  type Cuts,
  type Delivery,
  type Entry,
  type Lane,
  type Plan,
  recordId,
  type RecordId,
  type World,
} from './world.ts'

const count = (blocks: readonly Block[]): number =>
  blocks.reduce((sum, { records }) => sum + records.length, 0)

/** `entriesAfter`: of an entry that the cut falls into, the blocks behind it. */
export const entriesAfter = (model: Model, lane: Lane, cut: number): readonly Entry[] =>
  lane.entries
    .filter(({ last }) => last > cut)
    .map((entry) => {
      if (entry.first > cut || errs(model, 'entry behind the cut taken whole')) return entry
      return { ...entry, first: cut + 1, blocks: entry.blocks.filter(({ at }) => at > cut) }
    })

/** Whether anything lies in a lane that no batch has taken. */
export const isWaiting = (model: Model, world: World, cuts: Cuts): boolean =>
  world.lanes.some((lane, index) => entriesAfter(model, lane, cuts[index] as number).length > 0)

/**
 * `allocate`: whole entries from all lanes in turn until the batch is full, and at least one (B8);
 * of a child when its parent is drained.
 */
export const allocate = (model: Model, lanes: readonly Lane[], cuts: Cuts, time: number): Plan => {
  const waiting = lanes.map((lane, index) =>
    entriesAfter(model, lane, cuts[index] as number).filter((entry) =>
      isMember(model, entry, time),
    ),
  )
  const taken: Entry[][] = waiting.map(() => [])
  fill(model, waiting, taken)
  const cutAfter = (lane: number): number => {
    const before = cuts[lane] as number
    if (errs(model, 'cut at the tail') || errs(model, 'membership by receive time'))
      return Math.max(before, lanes[lane]?.tail ?? before)
    return taken[lane]?.at(-1)?.last ?? before
  }
  return {
    blocks: taken.flat().flatMap(({ blocks }) => blocks),
    cuts: cuts.map((_, lane) => cutAfter(lane)),
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

/** The records of a delivery that are behind a tail, and can be read. */
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

/** What an intake knows while it appends: how far the lanes are consumed, and what time it is. */
interface Appending {
  readonly known: Cuts
  readonly received: number
}

/**
 * `#appendNew` and `#queueWith`: the lane with a delivery behind its tail, and without what is
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
