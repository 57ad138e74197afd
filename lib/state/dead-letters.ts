/**
 * Records that are put aside (B9), each stored before the write that makes it true that it was: the
 * append of intake, or the commit of its batch. Several attempts at a batch may store their
 * letters, also with different code, and a zombie may do so late. So the name of a letter holds the
 * epoch of its attempt, and a verdict says which epoch has committed the batch: the letters of the
 * others mean nothing, and no other attempt brings back a letter that was removed. The manifest
 * carries the verdict until it is written, which is before the next batch is logged.
 */
import { decode, encode } from '../base/codec.ts'
import { MillraceError, preview } from '../base/errors.ts'
import type { Item, ItemStore, KeyedItem } from '../ports/item-store.ts'
import type { BadRecord } from '../rdd/evaluate.ts'
import { deadLetterPartition, committedEpochKey } from './item-keys.ts'
import type { Manifest } from './manifest.ts'

/** How bytes hold a record: as UTF-8, as they are, or in the stored form of values. */
export type RecordForm = 'text' | 'bytes' | 'value'

/**
 * A record that was put aside, with all that is needed to look at it and to give it back to the
 * pipeline.
 */
export interface DeadLetter {
  /** The id of the source node. */
  readonly source: string
  /** The lane or object, and the position in it. */
  readonly position: string
  readonly code: string
  readonly message: string
  /** The operator that threw; undefined when the record could not even be read. */
  readonly operator?: string | undefined
  readonly data: Uint8Array
  /** How many bytes the record has, if more than `data` holds. */
  readonly sizeBytes: number
  /** How `data` holds the record; undefined where it is none, or one that has no bytes. */
  readonly form?: RecordForm | undefined
  /** Parts of the pipeline that the operator is not on the way to have taken the record. */
  readonly processedElsewhere?: boolean
}

const DATA_BYTES_MAX = 100_000
const MESSAGE_CHARACTERS_MAX = 2_000

/** A record as bytes, or a description of it where it has none. */
const bytesOf = (record: unknown): Pick<DeadLetter, 'data' | 'form'> => {
  if (typeof record === 'string' && record.isWellFormed())
    return { data: Buffer.from(record, 'utf8'), form: 'text' }
  if (record instanceof Uint8Array) return { data: record, form: 'bytes' }
  try {
    return { data: encode(record), form: 'value' }
  } catch {
    return { data: Buffer.from(String(record), 'utf8') }
  }
}

/** The record that bytes hold. */
export const recordOf = (form: RecordForm, data: Uint8Array): unknown => {
  if (form === 'text') return Buffer.from(data).toString('utf8')
  return form === 'bytes' ? data : decode(data)
}

/** The dead letter of a record on which a function of the pipeline threw. */
export const deadLetterOf = (
  source: string,
  position: string,
  { record, label, error }: BadRecord,
): DeadLetter => {
  const { data, form } = bytesOf(record)
  const code = error instanceof MillraceError ? error.code : 'USER_FUNCTION_FAILED'
  const message = error instanceof Error ? `${error.name}: ${error.message}` : preview(error)
  return {
    source,
    position,
    code,
    message,
    operator: label,
    data,
    form,
    sizeBytes: data.byteLength,
  }
}

/** When letters are stored, and by which attempt at a batch; undefined: by intake. */
export interface DeadLetterOrigin {
  readonly timeMs: number
  readonly epoch?: number
}

const itemOf = (letter: DeadLetter, { timeMs, epoch }: DeadLetterOrigin): Item => ({
  timeMs,
  epoch,
  source: letter.source,
  position: letter.position,
  code: letter.code,
  message: letter.message.slice(0, MESSAGE_CHARACTERS_MAX),
  operator: letter.operator,
  form: letter.form,
  processedElsewhere: letter.processedElsewhere === true ? true : undefined,
  data: letter.data.subarray(0, DATA_BYTES_MAX),
  sizeBytes: letter.sizeBytes,
})

/** Stores dead letters under names made of their positions: storing one again changes nothing. */
export const storeDeadLetters = async (
  store: ItemStore,
  app: string,
  letters: readonly DeadLetter[],
  origin: DeadLetterOrigin,
): Promise<void> => {
  const { timeMs, epoch } = origin
  const items = letters.map((letter): KeyedItem => ({
    partition: deadLetterPartition(app, timeMs),
    sort: [
      letter.source,
      letter.position,
      letter.operator ?? letter.code,
      ...(epoch === undefined ? [] : [epoch]),
    ].join('#'),
    item: itemOf(letter, origin),
  }))
  if (items.length > 0) await store.putAll(items)
}

/**
 * Stores which epoch's letters of a committed batch are true. It is the same for everybody who
 * does.
 */
export const storeCommittedEpoch = async (
  store: ItemStore,
  app: string,
  { timeMs, deadLetterEpoch }: Pick<Manifest, 'timeMs' | 'deadLetterEpoch'>,
): Promise<void> => {
  if (deadLetterEpoch === undefined) return
  await store.put(committedEpochKey(app, timeMs), { epoch: deadLetterEpoch })
}
