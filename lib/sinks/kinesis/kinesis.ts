import { createHash } from 'node:crypto'
import { MillraceError } from '../../base/errors.ts'
import type { Message, MessageOptions, SinkDeclaration } from '../../rdd/sink-declaration.ts'
import type { SentMessage } from '../messages/message-sink.ts'
import { messageMaker } from '../messages/messages.ts'
import { checkSinkName } from '../rows/row-settings.ts'

/** Kinesis takes so many bytes in one record, with its partition key. */
const RECORD_BYTES_MAX = 1024 * 1024
const ID_CHARACTERS = 32
const DIGEST_CHARACTERS = 64

/** The settings of an output. They are part of the plan. */
export interface StreamSettings {
  /** The field that gets the id of a record. */
  readonly idField?: string
}

/**
 * How a stream is sent to Kinesis.
 *
 * @example const options: RecordOptions<{ shop: string }> = { key: ({ shop }) => shop }
 */
export interface RecordOptions<in T> extends MessageOptions<T> {
  /**
   * The partition key: 1 to 256 characters. Default: the key of a pair, as text, or its digest if
   * that cannot be a partition key; otherwise the id of the record, which spreads records over all
   * shards.
   */
  readonly key?: (element: T) => string
  /**
   * A field that gets the id of the record: 32 hex digits that are the same when a batch is tried
   * again. Then the text of every record must be a JSON object. Default: the text is left as it is.
   */
  readonly idField?: string
}

/** `"id":"...",` */
const idText = (idField: string, id: string): string => `${JSON.stringify(idField)}:"${id}"`

/** The data of a record. */
export const dataOf = (body: string, id: string, { idField }: StreamSettings): Uint8Array =>
  Buffer.from(
    idField === undefined
      ? body
      : `{${idText(idField, id)}${body === '{}' ? '' : ','}${body.slice(1)}`,
  )

const isPartitionKey = (key: string): boolean =>
  key !== '' && key.length <= 256 && key.isWellFormed()

/** The bytes of a record, as Kinesis counts them. */
export const recordBytes = ({ body, key }: Message, { idField }: StreamSettings): number =>
  Buffer.byteLength(body) +
  (idField === undefined ? 0 : Buffer.byteLength(idText(idField, '')) + ID_CHARACTERS + 1) +
  (key === undefined
    ? ID_CHARACTERS
    : isPartitionKey(key)
      ? Buffer.byteLength(key)
      : DIGEST_CHARACTERS)

/** The text of a JSON object without the field, in the form that the field is put into. */
const objectText = (body: string, idField: string): string | undefined => {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    if (Object.keys(value).length === 0) return '{}'
    return Object.hasOwn(value, idField) ? undefined : body.trim()
  } catch {
    return undefined
  }
}

const refuse = (problem: string, value: unknown): never => {
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem,
    value,
    allowed:
      `a text of at most ${RECORD_BYTES_MAX} bytes with its partition key, which has 1 to 256 ` +
      'characters; with idField, a JSON object without this field',
    fix: 'give the sink functions that make such texts: { body, key }',
  })
}

/** A key of a pair that cannot be a partition key is known by its digest. */
export const partitionKeyOf = ({ key, id }: SentMessage): string => {
  if (key === undefined) return id
  return isPartitionKey(key) ? key : createHash('sha256').update(key).digest('hex')
}

const checked = (message: Message, settings: StreamSettings, hasOwnKey: boolean): Message => {
  const { body, key } = message
  const { idField } = settings
  if (!body.isWellFormed()) refuse('Kinesis takes no text with half characters here', body)
  if (hasOwnKey && !isPartitionKey(key ?? '')) refuse('This is no partition key', key)
  const text = idField === undefined ? body : objectText(body, idField)
  if (text === undefined) return refuse(`The field "${idField}" cannot be put into this`, body)
  const sizeBytes = recordBytes({ ...message, body: text }, settings)
  if (sizeBytes > RECORD_BYTES_MAX) refuse(`Kinesis takes no record of ${sizeBytes} bytes`, key)
  return { ...message, body: text }
}

/**
 * A stream of Kinesis, for `saveTo`. Needs the package `@aws-sdk/client-kinesis`.
 *
 * The effect is at-least-once: Kinesis remembers no ids. With `idField`, each record has an id that
 * is the same when the batch is tried again, so a reader that remembers ids makes it once. Records
 * of one key go to one shard, in their order, except that one which the shard did not take comes
 * later.
 *
 * @param name The name to bind: `--bind clicks=kinesis:clicks`.
 * @throws MillraceError `ARGUMENT_INVALID`. In a batch: `OUTPUT_FAILED`, `VALUE_UNSUPPORTED`.
 * @example counts.saveTo(kinesis('counts', { key: ([word]) => word }))
 */
export const kinesis = <T>(name: string, options: RecordOptions<T> = {}): SinkDeclaration<T> => {
  const { idField } = options
  if (idField !== undefined && (typeof idField !== 'string' || idField === ''))
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'kinesis() needs the name of a field',
      value: idField,
      allowed: "for example { idField: 'id' }",
    })
  const settings: StreamSettings = idField === undefined ? {} : { idField }
  const make = messageMaker(options)
  return Object.freeze({
    kind: 'kinesis-output',
    place: `kinesis://${checkSinkName('kinesis', name)}/records`,
    shape: 'messages',
    settings,
    send: (element: T): Message => checked(make(element), settings, options.key !== undefined),
  })
}
