/** Reads the stored dead letters, page by page. */
import type { Item, ItemKey, ItemStore, KeyedItem } from '../ports/item-store.ts'
import { isLetterBlock, lettersIn } from './dead-letter-blocks.ts'
import { type DeadLetter, MARKS_KEPT_LONGER_MS, type RecordForm, ttlAfter } from './dead-letters.ts'
import {
  COMMITTED_EPOCH_PREFIX,
  daysBack,
  deadLetterPartition,
  RESERVATION_PREFIX,
  reservationKey,
} from './item-keys.ts'
import { itemPages, KEYS_PER_PAGE, RECORDS_PER_PAGE } from './item-pages.ts'
import { RejectedRanges } from './rejected-ranges.ts'

/** A place in a lane. It belongs to one record for ever, even after the dead letter is removed. */
export interface Reservation {
  readonly lane: string
  readonly index: number
  /** The source of the lane. */
  readonly source: string
  /**
   * Whether the dead letters of the record are redriven or deleted. Only for those of a block,
   * which cannot be removed one by one.
   */
  readonly isDone: boolean
}

/** The block that holds a dead letter. */
export interface BlockOfLetter {
  /** How many dead letters it holds. */
  readonly size: number
  /** Those of them that are redriven or deleted, as far as this reader knows: their indices. */
  readonly done: Set<number>
}

/** A dead letter in the store. */
export interface StoredDeadLetter extends DeadLetter {
  /** The item that holds it, alone or with others. */
  readonly key: ItemKey
  /** Undefined: the item holds this dead letter alone. */
  readonly block?: BlockOfLetter
  /** Its place in the item. */
  readonly index: number
  /** The key of the item that holds the reservation of this record. */
  readonly reservationKey: ItemKey
  /** The time of its batch, or when intake put the record aside. Epoch milliseconds. */
  readonly timeMs: number
  /** When the store may remove it, in epoch seconds. Undefined: it is kept. */
  readonly ttl: number | undefined
  /**
   * Whether the record counts as put aside. For a batch: the attempt that put it aside has
   * committed. For intake: always.
   */
  readonly isTrue: boolean
  /**
   * The place in a lane that a redrive has reserved for the record. Undefined: no redrive has
   * started.
   */
  readonly reservation: Reservation | undefined
}

/**
 * When the store may remove the reservation of a dead letter. It outlives each dead letter whose
 * record may have a place after it in the same lane: these were put aside before this one expires.
 */
export const ttlOfMarks = ({
  ttl,
  timeMs,
}: Pick<StoredDeadLetter, 'ttl' | 'timeMs'>): { readonly ttl?: number } =>
  ttl === undefined ? {} : ttlAfter(ttl * 1_000, ttl * 1_000 - timeMs + MARKS_KEPT_LONGER_MS)

/** A place in a listing, from which another listing can go on. */
export interface DeadLetterCursor {
  /** A time on the day of the dead letter. */
  readonly dayMs: number
  readonly sort: string
  readonly index: number
}

/** A range of time, epoch milliseconds. */
export interface DeadLetterRange {
  readonly fromMs: number
  /** The range includes the whole day of this time. */
  readonly toMs: number
  /** Which day comes first. */
  readonly first: 'oldest' | 'newest'
  /** How many items are read at once. Each may hold thousands of dead letters. Default: 100. */
  readonly pageSize?: number
  /** Only the dead letters after this one. */
  readonly after?: DeadLetterCursor
  /** Whether to read blocks again of which everything is done. Default: no. */
  readonly isDoneToo?: boolean
  /** Is called with the reservations of each day, before the dead letters of that day. */
  readonly onReservations?: (reservations: readonly Reservation[]) => void
}

/** What decides about the dead letters of one day. */
interface Marks {
  readonly committedEpochs: ReadonlyMap<number, number>
  readonly reservations: ReadonlyMap<string, Reservation>
}

/** Sorts after all reservations and before all dead letters. */
const AFTER_RESERVATIONS = `${RESERVATION_PREFIX}\uffff`

const all = async (
  store: ItemStore,
  partition: string,
  prefix: string,
): Promise<readonly KeyedItem[]> => {
  const found: KeyedItem[] = []
  for await (const page of itemPages(store, partition, { prefix }))
    for (const keyed of page) found.push(keyed)
  return found
}

/** Reads the committed epochs and the reservations of a day. */
export const readMarks = async (store: ItemStore, partition: string): Promise<Marks> => {
  const epochs = await all(store, partition, COMMITTED_EPOCH_PREFIX)
  const reservations = await all(store, partition, RESERVATION_PREFIX)
  return {
    committedEpochs: new Map(
      epochs.map(({ sort, item }) => [
        Number(sort.slice(COMMITTED_EPOCH_PREFIX.length)),
        item['epoch'] as number,
      ]),
    ),
    reservations: new Map(
      reservations.map(({ sort, item }) => [
        sort,
        {
          lane: item['lane'] as string,
          index: item['index'] as number,
          source: item['source'] as string,
          isDone: item['done'] === true,
        },
      ]),
    ),
  }
}

/** Whether another attempt than that of an item has committed its batch. */
export const isOfOtherAttempt = ({ committedEpochs }: Marks, item: Item): boolean => {
  const committed = committedEpochs.get(item['timeMs'] as number)
  return item['epoch'] !== undefined && committed !== undefined && committed !== item['epoch']
}

/** Pages of the items of a day that hold dead letters. */
export async function* letterPages(
  store: ItemStore,
  partition: string,
  query: {
    readonly after?: string
    readonly attributes?: readonly string[]
    readonly limit?: number
  },
): AsyncGenerator<readonly KeyedItem[]> {
  const after = query.after ?? AFTER_RESERVATIONS
  const limit = query.attributes === undefined ? RECORDS_PER_PAGE : KEYS_PER_PAGE
  for await (const page of itemPages(store, partition, { limit, ...query, after }))
    yield page.filter(({ sort }) => !sort.startsWith(COMMITTED_EPOCH_PREFIX))
}

/**
 * Reads the dead letters of some days, each day in the order of sources and positions. Leaves out
 * the dead letters of attempts that did not commit their batch: another attempt decided about these
 * records.
 */
export async function* readDeadLetters(
  store: ItemStore,
  app: string,
  {
    fromMs,
    toMs,
    first,
    after,
    isDoneToo = false,
    onReservations,
    pageSize = RECORDS_PER_PAGE,
  }: DeadLetterRange,
): AsyncGenerator<StoredDeadLetter> {
  const days = daysBack(fromMs, toMs)
  const cursorDay = after === undefined ? undefined : deadLetterPartition(app, after.dayMs)
  let isSkipping = cursorDay !== undefined
  for (const day of first === 'newest' ? days : days.toReversed()) {
    const partition = deadLetterPartition(app, day)
    if (isSkipping && partition !== cursorDay) continue
    const cursor = isSkipping ? after : undefined
    isSkipping = false
    const marks = await readMarks(store, partition)
    onReservations?.([...marks.reservations.values()])
    const rejected = new RejectedRanges()
    for await (const keyed of itemsFrom(store, partition, cursor, pageSize))
      for (const letter of lettersOf(keyed, marks, rejected))
        if (
          letter.timeMs >= fromMs &&
          (letter.reservation?.isDone !== true || isDoneToo) &&
          (keyed.sort !== cursor?.sort || letter.index > cursor.index)
        )
          yield letter
  }
}

/** The items of a day, from the item of a cursor on. */
async function* itemsFrom(
  store: ItemStore,
  partition: string,
  cursor: DeadLetterCursor | undefined,
  limit: number,
): AsyncGenerator<KeyedItem> {
  if (cursor !== undefined) {
    const item = await store.get({ partition, sort: cursor.sort })
    if (item !== undefined) yield { partition, sort: cursor.sort, item }
  }
  const after = cursor === undefined ? {} : { after: cursor.sort }
  for await (const page of letterPages(store, partition, { ...after, limit })) yield* page
}

const lettersOf = (
  { partition, sort, item }: KeyedItem,
  marks: Marks,
  rejected: RejectedRanges,
): readonly StoredDeadLetter[] => {
  if (isOfOtherAttempt(marks, item)) return []
  const timeMs = item['timeMs'] as number
  const epoch = item['epoch'] as number | undefined
  const stored = (letter: DeadLetter, index: number): StoredDeadLetter => {
    const { source, position } = letter
    const record = [source, position, ...(epoch === undefined ? [] : [epoch])].join('#')
    const key = reservationKey(partition, record)
    return {
      ...letter,
      key: { partition, sort },
      index,
      reservationKey: key,
      timeMs,
      ttl: item['ttl'] as number | undefined,
      isTrue: epoch === undefined || marks.committedEpochs.get(timeMs) === epoch,
      reservation: marks.reservations.get(key.sort),
    }
  }
  if (!isLetterBlock(item)) {
    const letter = letterOf(item)
    return epoch === undefined && !rejected.isNew(letter) ? [] : [stored(letter, 0)]
  }
  const letters = lettersIn(item)
  const done = new Set<number>()
  const block = { size: letters.length, done }
  const all = letters.map((letter, index) => ({ ...stored(letter, index), block }))
  for (const { index, reservation } of all) if (reservation?.isDone === true) done.add(index)
  const isDone = done.size === letters.length
  const waiting = all.filter(
    (letter) =>
      (isDone || !done.has(letter.index)) && (epoch !== undefined || rejected.isNew(letter)),
  )
  if (epoch === undefined) rejected.add(letters)
  return waiting
}

const letterOf = (item: Item): DeadLetter => ({
  source: item['source'] as string,
  position: item['position'] as string,
  code: item['code'] as string,
  message: item['message'] as string,
  operator: item['operator'] as string | undefined,
  data: item['data'] as Uint8Array,
  sizeBytes: item['sizeBytes'] as number,
  form: item['form'] as RecordForm | undefined,
  processedElsewhere: item['processedElsewhere'] === true,
  declaredAt: item['declaredAt'] as string | undefined,
  stack: item['stack'] as string | undefined,
})

/**
 * The dead letters of one record: one for each operator that threw on it. The first stands for all.
 */
export type DeadLettersOfRecord = readonly [StoredDeadLetter, ...StoredDeadLetter[]]

const isSameRecord = (a: StoredDeadLetter, b: StoredDeadLetter): boolean =>
  a.source === b.source && a.position === b.position && a.timeMs === b.timeMs

/** Groups neighbouring dead letters of the same record. */
export async function* byRecord(
  deadLetters: AsyncIterable<StoredDeadLetter>,
): AsyncGenerator<DeadLettersOfRecord> {
  let record: [StoredDeadLetter, ...StoredDeadLetter[]] | undefined
  for await (const deadLetter of deadLetters) {
    if (record !== undefined && isSameRecord(record[0], deadLetter)) {
      record.push(deadLetter)
      continue
    }
    if (record !== undefined) yield record
    record = [deadLetter]
  }
  if (record !== undefined) yield record
}
