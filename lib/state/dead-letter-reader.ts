/** Reads the stored dead letters. */
import type { ItemKey, ItemStore, KeyedItem } from '../ports/item-store.ts'
import {
  daysBack,
  deadLetterPartition,
  RESERVATION_PREFIX,
  reservationKey,
  COMMITTED_EPOCH_PREFIX,
} from './item-keys.ts'
import type { DeadLetter, RecordForm } from './dead-letters.ts'

/** A place in a lane. It belongs to one record for ever, even after the dead letter is removed. */
export interface Reservation {
  readonly lane: string
  readonly index: number
}

/** A dead letter in the store. */
export interface StoredDeadLetter extends DeadLetter {
  readonly key: ItemKey
  /** The key of the item that holds the reservation of this record. */
  readonly reservationKey: ItemKey
  /** The time of its batch, or when intake put the record aside. Epoch milliseconds. */
  readonly timeMs: number
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

/** A range of time, epoch milliseconds. */
export interface DeadLetterRange {
  readonly fromMs: number
  /** The range includes the whole day of this time. */
  readonly toMs: number
  /** Which day comes first. */
  readonly first: 'oldest' | 'newest'
}

const ITEMS_PER_CALL = 100

/** Reads one page at a time, because each item holds the data of a record. */
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

/** Sorts after all reservations and before all dead letters. */
const AFTER_RESERVATIONS = `${RESERVATION_PREFIX}\uffff`

const isCommittedEpoch = ({ sort }: KeyedItem): boolean => sort.startsWith(COMMITTED_EPOCH_PREFIX)

/**
 * Reads the dead letters of some days, each day in the order of sources and positions. Leaves out
 * the dead letters of attempts that did not commit their batch: another attempt decided about these
 * records.
 */
export async function* readDeadLetters(
  store: ItemStore,
  app: string,
  { fromMs, toMs, first }: DeadLetterRange,
): AsyncGenerator<StoredDeadLetter> {
  const days = daysBack(fromMs, toMs)
  for (const day of first === 'newest' ? days : days.toReversed()) {
    const partition = deadLetterPartition(app, day)
    const committedEpochs = await committedEpochsIn(store, partition)
    const reservations = await reservationsIn(store, partition)
    for await (const keyed of itemsAfter(store, partition, AFTER_RESERVATIONS)) {
      if (isCommittedEpoch(keyed)) continue
      const deadLetter = deadLetterOf(keyed, committedEpochs, reservations)
      if (deadLetter !== undefined && deadLetter.timeMs >= fromMs) yield deadLetter
    }
  }
}

const deadLetterOf = (
  keyed: KeyedItem,
  committedEpochs: CommittedEpochs,
  reservations: Reservations,
): StoredDeadLetter | undefined => {
  const { partition, sort, item } = keyed
  const timeMs = item['timeMs'] as number
  const epoch = item['epoch'] as number | undefined
  const committedEpoch = committedEpochs.get(timeMs)
  if (epoch !== undefined && committedEpoch !== undefined && committedEpoch !== epoch)
    return undefined
  const source = item['source'] as string
  const position = item['position'] as string
  const key = reservationKey(
    partition,
    [source, position, ...(epoch === undefined ? [] : [epoch])].join('#'),
  )
  return {
    key: { partition, sort },
    reservationKey: key,
    timeMs,
    isTrue: epoch === undefined || committedEpoch === epoch,
    reservation: reservations.get(key.sort),
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
