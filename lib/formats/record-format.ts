import { MillraceError } from '../base/errors.ts'

/**
 * All that decides what a format gives, as plain data. It is part of the plan.
 *
 * @example const settings: FormatSettings = { delimiter: ';', header: true }
 */
export type FormatSettings = Readonly<Record<string, string | number | boolean | null>>

/**
 * A record before it is decoded: a text, bytes, or a record of a stream with its bytes in `data`.
 *
 * @example const encoded: Encoded = '{"page":"home"}'
 */
export type Encoded = string | Uint8Array | { readonly data: Uint8Array }

/**
 * How single records become elements, for `decode()`. `json()` and the others of `millrace/formats`
 * make one. A format of your own is an object with these fields.
 *
 * @example
 * ```ts
 * const sizes: RecordFormat<number> = {
 *   name: 'sizes',
 *   settings: {},
 *   decode: (record) => textOf(record).length,
 * }
 * ```
 */
export interface RecordFormat<out T> {
  /** The name in messages and in the plan. */
  readonly name: string
  /** All that decides what the format gives. If it changes, the plan is another one. */
  readonly settings: FormatSettings
  /** Loads what `decode` needs. It is called before the first record, perhaps several times. */
  readonly prepare?: () => Promise<void>
  /**
   * Makes the element of a record: the same one for the same record. A record for which it throws
   * becomes a dead letter.
   */
  readonly decode: (record: Encoded) => T
}

/** The byte order mark is left out, and bytes that are not UTF-8 are refused. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

const MARK = 0xfeff

/** The bytes of a record. */
export const bytesOf = (record: Encoded): Uint8Array => {
  if (typeof record === 'string') return Buffer.from(record)
  return record instanceof Uint8Array ? record : record.data
}

/**
 * The text of a record in UTF-8, without a byte order mark.
 *
 * @throws TypeError for bytes that are not UTF-8.
 * @example textOf(new Uint8Array([0x6f, 0x6b])) // 'ok'
 */
export const textOf = (record: Encoded): string => {
  if (typeof record === 'string') return record.charCodeAt(0) === MARK ? record.slice(1) : record
  return utf8.decode(bytesOf(record))
}

/** The error of a record that is not what its format expects. */
export const unreadable = (format: string, record: unknown, cause: unknown): MillraceError =>
  new MillraceError('RECORD_UNREADABLE', {
    problem: `A record is not ${format}`,
    value: record,
    fix: 'correct what writes it; the record is a dead letter, and can be redriven',
    cause,
  })
