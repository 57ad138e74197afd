/**
 * Dead letters: records that were put aside (B9). A dead letter is stored first. The write that
 * makes it true comes second: the append of intake, or the commit of the batch.
 *
 * Several attempts at a batch may store dead letters, even with different code, and a zombie may do
 * so late. So the key of a dead letter contains the epoch of its attempt, and another item says
 * which epoch committed the batch. Dead letters of other epochs mean nothing, and no other attempt
 * can bring back a dead letter that was removed. The manifest carries the committed epoch until its
 * item is written, which happens before the next batch is logged.
 */
import { decode, encode } from '../base/codec.ts'
import { stackOf } from '../base/error-places.ts'
import { cutText, errorText, preview } from '../base/error-text.ts'
import { codeOf } from '../base/errors.ts'
import type { Item, ItemStore, KeyedItem } from '../ports/item-store.ts'
import type { BadRecord } from '../rdd/bad-records.ts'
import type { DeadLetter, FileReference, RecordForm } from './dead-letter.ts'
import { blockAttributes, LETTERS_APART_MAX, packLetters } from './dead-letter-blocks.ts'
import { committedEpochKey, deadLetterPartition, nameInKey } from './item-keys.ts'
import type { Manifest } from './manifest.ts'

export type { DeadLetter, FileReference, RecordForm } from './dead-letter.ts'

/** How long dead letters are kept, unless the options say something else. Milliseconds. */
export const DEAD_LETTERS_KEPT_MS: number = 14 * 86_400_000

/**
 * Committed epochs and reservations are kept longer than dead letters, so that one that was stored
 * late, or that the store has not removed yet, is still judged by them.
 */
export const MARKS_KEPT_LONGER_MS: number = 30 * 86_400_000

const DATA_BYTES_MAX = 100_000
const MESSAGE_CHARACTERS_MAX = 2_000

/** A record as bytes, or a description if the record cannot be encoded. */
const bytesOf = (record: unknown): Pick<DeadLetter, 'data' | 'form'> => {
  if (typeof record === 'string' && record.isWellFormed())
    return { data: Buffer.from(record, 'utf8'), form: 'text' }
  if (record instanceof Uint8Array) return { data: record, form: 'bytes' }
  try {
    return { data: encode(record), form: 'value' }
  } catch {
    return { data: Buffer.from(preview(record), 'utf8') }
  }
}

/** Decodes a record. */
export const recordOf = (form: RecordForm, data: Uint8Array): unknown => {
  if (form === 'text' || form === 'key') return Buffer.from(data).toString('utf8')
  return form === 'bytes' ? data : decode(data)
}

/** The dead letter of a record on which a function of the pipeline threw. */
export const deadLetterOf = (
  source: string,
  position: string,
  { record, label, error }: BadRecord,
): DeadLetter => {
  const { data, form } = bytesOf(record)
  const reason = reasonOf(error)
  return { source, position, ...reason, operator: label, data, form, sizeBytes: data.byteLength }
}

/**
 * The dead letter of a whole file that could not be read. It holds a reference and not the bytes:
 * they are still where they were.
 */
export const deadLetterOfFile = (
  source: string,
  file: FileReference,
  error: unknown,
  position: string = positionOfFile(file),
): DeadLetter => {
  const { key, modifiedMs, sizeBytes, version, isVersioned } = file
  const reference: FileReference = {
    key,
    modifiedMs,
    sizeBytes,
    ...(version === undefined ? {} : { version }),
    ...(isVersioned === undefined ? {} : { isVersioned }),
  }
  const data = encode(reference)
  return { source, position, ...reasonOf(error), data, form: 'file', sizeBytes }
}

/**
 * The position of a file in its source. Several uploads of one key may be in the same batch, if the
 * bucket keeps versions.
 */
export const positionOfFile = ({ key, version, isVersioned = false }: FileReference): string =>
  isVersioned ? `${key}?versionId=${version}` : key

/**
 * The position of a file that is not there any more. Another file has its name now, perhaps, and
 * may be put aside in the same batch: so the position also says which one it was (B9).
 */
export const positionOfGoneFile = (file: FileReference): string => {
  const { key, version, modifiedMs, isVersioned = false } = file
  if (isVersioned) return positionOfFile(file)
  return `${key}?modifiedMs=${modifiedMs}${version === undefined ? '' : `&etag=${version}`}`
}

const reasonOf = (error: unknown): Pick<DeadLetter, 'code' | 'message' | 'stack'> => ({
  code: codeOf(error, 'USER_FUNCTION_FAILED'),
  message: errorText(error),
  ...stackIn(error),
})

/** A dead letter is looked at days later, when nobody has the log any more. */
const stackIn = (error: unknown): Pick<DeadLetter, 'stack'> => {
  const stack = stackOf(error)
  return stack === undefined ? {} : { stack }
}

/**
 * Where dead letters come from: the time of the batch, and the epoch of the attempt. Without an
 * epoch, intake stored them.
 */
export interface DeadLetterOrigin {
  readonly timeMs: number
  readonly epoch?: number
  /** How long they are kept, in milliseconds. Infinity: until they are redriven or deleted. */
  readonly keptMs: number
}

/** The attribute by which the store removes an item later. None: it stays. */
export const ttlAfter = (timeMs: number, keptMs: number): { readonly ttl?: number } =>
  Number.isFinite(keptMs) ? { ttl: Math.ceil((timeMs + keptMs) / 1_000) } : {}

const itemOf = (deadLetter: DeadLetter): Item => ({
  source: deadLetter.source,
  position: deadLetter.position,
  code: deadLetter.code,
  message: deadLetter.message,
  operator: deadLetter.operator,
  stack: deadLetter.stack,
  declaredAt: deadLetter.declaredAt,
  form: deadLetter.form,
  processedElsewhere: deadLetter.processedElsewhere === true ? true : undefined,
  data: deadLetter.data,
  sizeBytes: deadLetter.sizeBytes,
})

/** A dead letter with no more data and text than an item has room for. */
const bounded = (deadLetter: DeadLetter): DeadLetter => ({
  ...deadLetter,
  message: cutText(deadLetter.message, MESSAGE_CHARACTERS_MAX),
  data: deadLetter.data.subarray(0, DATA_BYTES_MAX),
})

/**
 * Stores dead letters: a few as items of their own, many as blocks. Their keys contain their
 * positions, so storing the same ones again changes nothing.
 */
export const storeDeadLetters = async (
  store: ItemStore,
  app: string,
  deadLetters: readonly DeadLetter[],
  origin: DeadLetterOrigin,
): Promise<void> => {
  const { timeMs, epoch } = origin
  const partition = deadLetterPartition(app, timeMs)
  const keyed = (name: readonly string[], item: Item): KeyedItem => ({
    partition,
    sort: [...name, ...(epoch === undefined ? [] : [epoch])].join('#'),
    item: { timeMs, epoch, ...item, ...ttlAfter(timeMs, origin.keptMs) },
  })
  const bySource = Map.groupBy(deadLetters.map(bounded), ({ source }) => source)
  const items = [...bySource].flatMap(([source, all]): readonly KeyedItem[] => {
    const { blocks, apart } =
      all.length > LETTERS_APART_MAX
        ? packLetters(all, store.itemBytesMax)
        : { blocks: [], apart: all }
    return [
      ...apart.map((one) =>
        keyed([source, nameInKey(one.position), one.operator ?? one.code], itemOf(one)),
      ),
      ...blocks.map((block) => {
        const { length } = block.letters
        const [first, last] = [block.letters[0], block.letters.at(-1) ?? block.letters[0]]
        const names = [first, last].map(({ position }) => nameInKey(position))
        return keyed([source, `${names[0]}`, `${length} to ${names[1]}`], blockAttributes(block))
      }),
    ]
  })
  if (items.length > 0) await store.putAll(items)
}

/**
 * Stores which epoch committed a batch: the dead letters of this epoch are true. Every process that
 * calls this stores the same value.
 */
export const storeCommittedEpoch = async (
  store: ItemStore,
  app: string,
  {
    timeMs,
    deadLetterEpoch,
    deadLettersKeptMs = Infinity,
  }: Pick<Manifest, 'timeMs' | 'deadLetterEpoch' | 'deadLettersKeptMs'>,
): Promise<void> => {
  if (deadLetterEpoch === undefined) return
  await store.put(committedEpochKey(app, timeMs), {
    epoch: deadLetterEpoch,
    ...ttlAfter(timeMs, deadLettersKeptMs + MARKS_KEPT_LONGER_MS),
  })
}
