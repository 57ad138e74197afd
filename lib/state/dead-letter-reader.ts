/** The dead letters that are stored, as somebody finds them who looks for them. */
import type { ItemKey, ItemStore, KeyedItem } from '../ports/item-store.ts'
import {
  daysBack,
  deadLetterPartition,
  RESERVATION_PREFIX,
  reservationKey,
  COMMITTED_EPOCH_PREFIX,
} from './item-keys.ts'
import type { DeadLetter, RecordForm } from './dead-letters.ts'

/** A place in a lane. It belongs to one record for ever, also when its letter is gone. */
export interface Reservation {
  readonly lane: string
  readonly index: number
}

/** A dead letter in the store. */
export interface StoredDeadLetter extends DeadLetter {
  readonly key: ItemKey
  /** Where the place is kept that its record gets when it is given back. */
  readonly reservationKey: ItemKey
  /** The time of its batch, or when intake put it aside; epoch milliseconds. */
  readonly timeMs: number
  /** Its batch is done, and the attempt that put the record aside has done it. */
  readonly isTrue: boolean
  /** The place in a lane that somebody who gives it back has marked its record with. */
  readonly mark: Reservation | undefined
}

/** From when until when, epoch milliseconds. */
export interface DeadLetterRange {
  readonly fromMs: number
  /** To the end of its day. */
  readonly toMs: number
  /** Which day comes first. */
  readonly first: 'oldest' | 'newest'
}

const ITEMS_PER_CALL = 100

/** A page at a time: each item holds the data of a record. */
async function* itemsAfter(
  store: ItemStore,
  partition: string,
  first: string,
): AsyncGenerator<KeyedItem> {
  for (let after = first; ;) {
    const page = await store.query(partition, { after, limit: ITEMS_PER_CALL })
    yield* page
    after = page.at(-1)?.sort ?? ''
    if (page.length < ITEMS_PER_CALL) return
  }
}

type CommittedEpochs = ReadonlyMap<number, number>

const committedEpochsIn = async (store: ItemStore, partition: string): Promise<CommittedEpochs> => {
  const found = await store.query(partition, { prefix: COMMITTED_EPOCH_PREFIX })
  return new Map(
    found.map(({ sort, item }) => [
      Number(sort.slice(COMMITTED_EPOCH_PREFIX.length)),
      item['epoch'] as number,
    ]),
  )
}

type Reservations = ReadonlyMap<string, Reservation>

const reservationsIn = async (store: ItemStore, partition: string): Promise<Reservations> => {
  const found = await store.query(partition, { prefix: RESERVATION_PREFIX })
  return new Map(
    found.map(({ sort, item }) => [
      sort,
      { lane: item['lane'] as string, index: item['index'] as number },
    ]),
  )
}

/** Behind all marks. */
const LETTERS = `${RESERVATION_PREFIX}\uffff`

const isCommittedEpoch = ({ sort }: KeyedItem): boolean => sort.startsWith(COMMITTED_EPOCH_PREFIX)

/**
 * The dead letters of some days, each day in the order of sources and positions. Those of attempts
 * that did not commit their batch are left out: their records are in the batch.
 */
export async function* readDeadLetters(
  store: ItemStore,
  app: string,
  { fromMs, toMs, first }: DeadLetterRange,
): AsyncGenerator<StoredDeadLetter> {
  const days = daysBack(fromMs, toMs)
  for (const day of first === 'newest' ? days : days.toReversed()) {
    const partition = deadLetterPartition(app, day)
    const verdicts = await committedEpochsIn(store, partition)
    const marks = await reservationsIn(store, partition)
    for await (const keyed of itemsAfter(store, partition, LETTERS)) {
      if (isCommittedEpoch(keyed)) continue
      const letter = deadLetterOf(keyed, verdicts, marks)
      if (letter !== undefined && letter.timeMs >= fromMs) yield letter
    }
  }
}

const deadLetterOf = (
  keyed: KeyedItem,
  verdicts: CommittedEpochs,
  marks: Reservations,
): StoredDeadLetter | undefined => {
  const { partition, sort, item } = keyed
  const timeMs = item['timeMs'] as number
  const epoch = item['epoch'] as number | undefined
  const verdict = verdicts.get(timeMs)
  if (epoch !== undefined && verdict !== undefined && verdict !== epoch) return undefined
  const source = item['source'] as string
  const position = item['position'] as string
  const mark = reservationKey(
    partition,
    [source, position, ...(epoch === undefined ? [] : [epoch])].join('#'),
  )
  return {
    key: { partition, sort },
    reservationKey: mark,
    timeMs,
    isTrue: epoch === undefined || verdict === epoch,
    mark: marks.get(mark.sort),
    source,
    position,
    code: item['code'] as string,
    message: item['message'] as string,
    operator: item['operator'] as string | undefined,
    data: item['data'] as Uint8Array,
    sizeBytes: item['sizeBytes'] as number,
    form: item['form'] as RecordForm | undefined,
    processedElsewhere: item['processedElsewhere'] === true,
  }
}

/** The letters of one record: one for each operator that threw on it. The first stands for all. */
export type DeadLettersOfRecord = readonly [StoredDeadLetter, ...StoredDeadLetter[]]

const isSameRecord = (a: StoredDeadLetter, b: StoredDeadLetter): boolean =>
  a.source === b.source && a.position === b.position && a.timeMs === b.timeMs

/** Letters that follow each other and are of one record, together. */
export async function* byRecord(
  letters: AsyncIterable<StoredDeadLetter>,
): AsyncGenerator<DeadLettersOfRecord> {
  let record: [StoredDeadLetter, ...StoredDeadLetter[]] | undefined
  for await (const letter of letters) {
    if (record !== undefined && isSameRecord(record[0], letter)) {
      record.push(letter)
      continue
    }
    if (record !== undefined) yield record
    record = [letter]
  }
  if (record !== undefined) yield record
}
