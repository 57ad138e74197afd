/**
 * How many dead letters there are, without their records: only keys, codes and numbers are read,
 * page by page. A few are read to be shown.
 */
import type { ItemStore, KeyedItem } from '../../ports/item-store.ts'
import {
  isOfOtherAttempt,
  letterPages,
  readDeadLetters,
  readMarks,
} from '../../state/dead-letter-reader.ts'
import { daysBack, deadLetterPartition, RESERVATION_PREFIX } from '../../state/item-keys.ts'
import { itemPages } from '../../state/item-pages.ts'

/** A record that was put aside. */
export interface DeadLetterOverview {
  /** The source, the lane or file, and the position in it. */
  readonly at: string
  readonly code: string
  readonly message: string
}

/** The dead letters of the last days. */
export interface DeadLettersOverview {
  readonly sinceMs: number
  readonly count: number
  readonly byCode: Readonly<Record<string, number>>
  /** A few dead letters, those of the newest day first. */
  readonly some: readonly DeadLetterOverview[]
}

const DEAD_LETTERS_SHOWN = 5

/** Reads the number of dead letters between two times, and the newest of them. */
export const countDeadLetters = async (
  store: ItemStore,
  app: string,
  fromMs: number,
  toMs: number,
): Promise<DeadLettersOverview> => {
  const counts = new Map<string, number>()
  const add = (code: string, number: number): void =>
    void counts.set(code, (counts.get(code) ?? 0) + number)
  for (const day of daysBack(fromMs, toMs))
    await countDay(store, deadLetterPartition(app, day), fromMs, add)
  const byCode = Object.fromEntries([...counts].filter(([, number]) => number > 0))
  const count = Object.values(byCode).reduce((total, number) => total + number, 0)
  const some: DeadLetterOverview[] = []
  if (count > 0)
    for await (const { source, position, code, message } of readDeadLetters(store, app, {
      fromMs,
      toMs,
      first: 'newest',
      // A block holds more than are shown.
      pageSize: 2,
    })) {
      some.push({ at: `${source}#${position}`, code, message })
      if (some.length >= DEAD_LETTERS_SHOWN) break
    }
  return { sinceMs: fromMs, count, byCode, some }
}

const countDay = async (
  store: ItemStore,
  partition: string,
  fromMs: number,
  add: (code: string, number: number) => void,
): Promise<void> => {
  const marks = await readMarks(store, partition)
  const attributes = ['timeMs', 'epoch', 'code', 'codes', 'block']
  const countItem = ({ item }: KeyedItem, sign: 1 | -1): void => {
    if ((item['timeMs'] as number) < fromMs) return
    const codes = JSON.parse((item['codes'] as string | undefined) ?? '{}') as object
    for (const [code, number] of Object.entries(codes)) add(code, sign * (number as number))
    if (typeof item['code'] === 'string') add(item['code'], sign)
  }
  const blocks = new Set<unknown>()
  for await (const page of letterPages(store, partition, { attributes }))
    for (const keyed of page)
      if (!isOfOtherAttempt(marks, keyed.item)) {
        countItem(keyed, 1)
        if (keyed.item['codes'] !== undefined) blocks.add(keyed.sort)
      }
  if (blocks.size === 0) return
  // Dead letters of these blocks that are redriven or deleted.
  const done = itemPages(store, partition, { prefix: RESERVATION_PREFIX, attributes })
  for await (const page of done)
    for (const keyed of page) if (blocks.has(keyed.item['block'])) countItem(keyed, -1)
}
