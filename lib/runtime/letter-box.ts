/** The dead letters that are stored, as somebody finds them who looks for them. */
import type { ItemKey, ItemStore, KeyedItem } from '../ports/item-store.ts'
import { daysBack, deadLetterPartition, MARK_PREFIX, markKey, VERDICT_PREFIX } from '../state/item-keys.ts'
import type { DeadLetter, RecordForm } from './dead-letters.ts'

/** A place in a lane. It belongs to one record for ever, also when its letter is gone. */
export interface Mark {
  readonly lane: string
  readonly index: number
}

/** A dead letter in the store. */
export interface StoredLetter extends DeadLetter {
  readonly key: ItemKey
  /** Where the place is kept that its record gets when it is given back. */
  readonly markKey: ItemKey
  /** The time of its batch, or when intake put it aside; epoch milliseconds. */
  readonly timeMs: number
  /** Its batch is done, and the attempt that put the record aside has done it. */
  readonly isTrue: boolean
  /** The place in a lane that somebody who gives it back has marked its record with. */
  readonly mark: Mark | undefined
}

/** From when until when, epoch milliseconds. */
export interface LetterRange {
  readonly fromMs: number
  /** To the end of its day. */
  readonly toMs: number
  /** Which day comes first. */
  readonly first: 'oldest' | 'newest'
}

const ITEMS_PER_CALL = 100

/** A page at a time: each item holds the data of a record. */
async function* itemsAfter(store: ItemStore, partition: string, first: string): AsyncGenerator<KeyedItem> {
  for (let after = first; ;) {
    const page = await store.query(partition, { after, limit: ITEMS_PER_CALL })
    yield* page
    after = page.at(-1)?.sort ?? ''
    if (page.length < ITEMS_PER_CALL) return
  }
}

type Verdicts = ReadonlyMap<number, number>

const verdictsIn = async (store: ItemStore, partition: string): Promise<Verdicts> => {
  const found = await store.query(partition, { prefix: VERDICT_PREFIX })
  return new Map(found.map(({ sort, item }) => [Number(sort.slice(VERDICT_PREFIX.length)), item['epoch'] as number]))
}

type Marks = ReadonlyMap<string, Mark>

const marksIn = async (store: ItemStore, partition: string): Promise<Marks> => {
  const found = await store.query(partition, { prefix: MARK_PREFIX })
  return new Map(found.map(({ sort, item }) => [sort, { lane: item['lane'] as string, index: item['index'] as number }]))
}

/** Behind all marks. */
const LETTERS = `${MARK_PREFIX}\uffff`

const isVerdict = ({ sort }: KeyedItem): boolean => sort.startsWith(VERDICT_PREFIX)

/**
 * The dead letters of some days, each day in the order of sources and positions. Those of attempts that did not
 * commit their batch are left out: their records are in the batch.
 */
export async function* storedLetters(store: ItemStore, app: string, { fromMs, toMs, first }: LetterRange): AsyncGenerator<StoredLetter> {
  const days = daysBack(fromMs, toMs)
  for (const day of first === 'newest' ? days : days.toReversed()) {
    const partition = deadLetterPartition(app, day)
    const verdicts = await verdictsIn(store, partition)
    const marks = await marksIn(store, partition)
    for await (const keyed of itemsAfter(store, partition, LETTERS)) {
      if (isVerdict(keyed)) continue
      const letter = letterOf(keyed, verdicts, marks)
      if (letter !== undefined && letter.timeMs >= fromMs) yield letter
    }
  }
}

const letterOf = (keyed: KeyedItem, verdicts: Verdicts, marks: Marks): StoredLetter | undefined => {
  const { partition, sort, item } = keyed
  const timeMs = item['timeMs'] as number
  const epoch = item['epoch'] as number | undefined
  const verdict = verdicts.get(timeMs)
  if (epoch !== undefined && verdict !== undefined && verdict !== epoch) return undefined
  const source = item['source'] as string
  const position = item['position'] as string
  const mark = markKey(partition, [source, position, ...(epoch === undefined ? [] : [epoch])].join('#'))
  return {
    key: { partition, sort },
    markKey: mark,
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
    takenElsewhere: item['takenElsewhere'] === true,
  }
}

/** The letters of one record: one for each operator that threw on it. The first stands for all. */
export type LettersOfRecord = readonly [StoredLetter, ...StoredLetter[]]

const isSameRecord = (a: StoredLetter, b: StoredLetter): boolean =>
  a.source === b.source && a.position === b.position && a.timeMs === b.timeMs

/** Letters that follow each other and are of one record, together. */
export async function* byRecord(letters: AsyncIterable<StoredLetter>): AsyncGenerator<LettersOfRecord> {
  let record: [StoredLetter, ...StoredLetter[]] | undefined
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
