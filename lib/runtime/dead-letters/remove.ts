/**
 * Removes dead letters from the store. One that has an item of its own is deleted by name. One of a
 * block is marked as done in its reservation, and the block is deleted with its last one.
 */
import { mapAtOnce } from '../../base/concurrency.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ItemKey, ItemStore, KeyedItem } from '../../ports/item-store.ts'
import { countCodes } from '../../state/dead-letter-blocks.ts'
import { type StoredDeadLetter, ttlOfMarks } from '../../state/dead-letter-reader.ts'
import { withRetries } from '../retry.ts'

/** What a removal works with. */
export interface RemovalParts {
  readonly store: ItemStore
  readonly clock: Clock
}

/** The place of a record that was given up: no lane has it, and no redrive takes it. */
const NO_PLACE = { lane: '', index: 0 } as const

const MARKS_AT_ONCE = 32

/** Removes the dead letters of redriven records: all of each record, which is in its lane. */
export const removeLetters = async (
  { store, clock }: RemovalParts,
  letters: readonly StoredDeadLetter[],
): Promise<void> => {
  const ofBlocks = letters.filter(({ block }) => block !== undefined)
  const apart = letters.filter(({ block }) => block === undefined)
  // Marks come first: a block is deleted only when each of its dead letters is done.
  const marks = doneMarks(ofBlocks)
  if (marks.length > 0) await withRetries(clock, () => store.putAll(marks))
  const keys = [...apart.map(({ key }) => key), ...emptiedBlocks(ofBlocks)]
  if (keys.length > 0) await withRetries(clock, () => store.deleteAll(keys))
}

/**
 * Gives up dead letters that nobody has reserved. Returns how many: another process may reserve one
 * at the same moment, and then it stays.
 *
 * A block of which everything is given up is deleted at once. A redrive that has just reserved one
 * of its records appends that record itself, or leaves a gap that other redrives know.
 */
export const giveUpLetters = async (
  { store, clock }: RemovalParts,
  letters: readonly StoredDeadLetter[],
): Promise<number> => {
  const byItem = Map.groupBy(letters, ({ key }) => `${key.partition}/${key.sort}`)
  const parts = [...byItem.values()].map((ofItem) => {
    const block = ofItem[0]?.block
    return {
      ofItem,
      isWhole: block === undefined || block.done.size + ofItem.length === block.size,
    }
  })
  const keys = parts.flatMap(({ ofItem, isWhole }) =>
    isWhole ? ofItem.slice(0, 1).map(({ key }) => key) : [],
  )
  if (keys.length > 0) await withRetries(clock, () => store.deleteAll(keys))
  const marks = doneMarks(parts.flatMap(({ ofItem, isWhole }) => (isWhole ? [] : ofItem)))
  const isKept = await mapAtOnce(marks, MARKS_AT_ONCE, async ({ partition, sort, item }) => {
    const answer = await withRetries(clock, () =>
      store.compareAndSet({ partition, sort }, 'absent', item),
    )
    return !answer.swapped && answer.current?.['done'] !== true
  })
  return letters.length - isKept.filter(Boolean).length
}

/** The reservations of records in blocks, marked as done, with the number of their dead letters. */
const doneMarks = (letters: readonly StoredDeadLetter[]): readonly KeyedItem[] =>
  [...Map.groupBy(letters, ({ reservationKey }) => reservationKey.sort).values()].flatMap(
    (ofRecord) => {
      const [first] = ofRecord
      if (first === undefined) return []
      const { key, reservationKey, reservation, source, timeMs } = first
      const { lane, index } = reservation ?? NO_PLACE
      const codes = JSON.stringify(countCodes(ofRecord))
      const marked = { done: true, block: key.sort, codes }
      const mark = { lane, index, source, timeMs, ...marked, ...ttlOfMarks(first) }
      return [{ ...reservationKey, item: mark }]
    },
  )

/** Notes dead letters as done, and gives the blocks in which nothing else is left. */
const emptiedBlocks = (letters: readonly StoredDeadLetter[]): readonly ItemKey[] => {
  const emptied = new Map<string, ItemKey>()
  for (const { block, index, key } of letters) {
    block?.done.add(index)
    if (block?.done.size === block?.size) emptied.set(`${key.partition}/${key.sort}`, key)
  }
  return [...emptied.values()]
}
