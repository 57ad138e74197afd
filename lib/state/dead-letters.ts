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
import { errorText } from '../base/error-text.ts'
import { MillraceError } from '../base/errors.ts'
import type { Item, ItemStore, KeyedItem } from '../ports/item-store.ts'
import type { BadRecord } from '../rdd/bad-records.ts'
import { deadLetterPartition, committedEpochKey, nameInKey } from './item-keys.ts'
import type { Manifest } from './manifest.ts'

/**
 * How bytes represent a record: as UTF-8 text, as the bytes themselves, or as an encoded value.
 * `'file'`: not a record but a whole file, by an encoded {@link FileReference}. `'key'`: not a
 * record but what a key had after a shuffle, as a line of an object file.
 */
export type RecordForm = 'text' | 'bytes' | 'value' | 'file' | 'key'

/** Names one file or one upload of an object, so that it can be read again. */
export interface FileReference {
  readonly key: string
  readonly modifiedMs: number
  readonly sizeBytes: number
  readonly version?: string
  readonly isVersioned?: boolean
}

/** A record that was put aside, with everything that is needed to show it and to redrive it. */
export interface DeadLetter {
  /** The id of the source node. */
  readonly source: string
  /** The lane or object, and the position in that lane or object. */
  readonly position: string
  readonly code: string
  readonly message: string
  /** The operator that threw. Undefined: the record could not be read. */
  readonly operator?: string | undefined
  readonly data: Uint8Array
  /** Size of the record, or of the file. It may be more than `data` holds. */
  readonly sizeBytes: number
  /** How `data` represents the record. Undefined: `data` is only a description, or not a record. */
  readonly form?: RecordForm | undefined
  /**
   * Whether other parts of the pipeline, which do not pass this operator, have processed the
   * record.
   */
  readonly processedElsewhere?: boolean
}

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
    return { data: Buffer.from(String(record), 'utf8') }
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
): DeadLetter => {
  const { key, modifiedMs, sizeBytes, version, isVersioned } = file
  const position = positionOfFile(file)
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

const reasonOf = (error: unknown): Pick<DeadLetter, 'code' | 'message'> => ({
  code: error instanceof MillraceError ? error.code : 'USER_FUNCTION_FAILED',
  message: errorText(error),
})

/**
 * Where dead letters come from: the time of the batch, and the epoch of the attempt. Without an
 * epoch, intake stored them.
 */
export interface DeadLetterOrigin {
  readonly timeMs: number
  readonly epoch?: number
}

const itemOf = (deadLetter: DeadLetter, { timeMs, epoch }: DeadLetterOrigin): Item => ({
  timeMs,
  epoch,
  source: deadLetter.source,
  position: deadLetter.position,
  code: deadLetter.code,
  message: deadLetter.message.slice(0, MESSAGE_CHARACTERS_MAX),
  operator: deadLetter.operator,
  form: deadLetter.form,
  processedElsewhere: deadLetter.processedElsewhere === true ? true : undefined,
  data: deadLetter.data.subarray(0, DATA_BYTES_MAX),
  sizeBytes: deadLetter.sizeBytes,
})

/** Stores dead letters. Their keys contain their positions: storing one again changes nothing. */
export const storeDeadLetters = async (
  store: ItemStore,
  app: string,
  deadLetters: readonly DeadLetter[],
  origin: DeadLetterOrigin,
): Promise<void> => {
  const { timeMs, epoch } = origin
  const items = deadLetters.map((deadLetter): KeyedItem => ({
    partition: deadLetterPartition(app, timeMs),
    sort: [
      deadLetter.source,
      nameInKey(deadLetter.position),
      deadLetter.operator ?? deadLetter.code,
      ...(epoch === undefined ? [] : [epoch]),
    ].join('#'),
    item: itemOf(deadLetter, origin),
  }))
  if (items.length > 0) await store.putAll(items)
}

/**
 * Stores which epoch committed a batch: the dead letters of this epoch are true. Every process that
 * calls this stores the same value.
 */
export const storeCommittedEpoch = async (
  store: ItemStore,
  app: string,
  { timeMs, deadLetterEpoch }: Pick<Manifest, 'timeMs' | 'deadLetterEpoch'>,
): Promise<void> => {
  if (deadLetterEpoch === undefined) return
  await store.put(committedEpochKey(app, timeMs), { epoch: deadLetterEpoch })
}
