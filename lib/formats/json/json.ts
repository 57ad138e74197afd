import { type Encoded, type RecordFormat, textOf, unreadable } from '../record-format.ts'

/**
 * Settings of `json` and `jsonLines`.
 *
 * @example json({ bigints: true })
 */
export interface JsonOptions {
  /**
   * Whether whole numbers beyond 2^53, such as ids of other systems, become bigints. Then parsing
   * takes several times as long. Default false: they lose their last digits, as with `JSON.parse`.
   */
  readonly bigints?: boolean
}

/**
 * JSON: each record is one value. Fields that are missing are not checked: `validate` does that. A
 * record that is not JSON becomes a dead letter (`RECORD_UNREADABLE`), also one with `NaN`,
 * comments or a comma at the end.
 *
 * @example ssc.kinesisStream('clicks').decode(json<{ page: string }>()).map(({ page }) => page)
 */
export const json = <T = unknown>({ bigints = false }: JsonOptions = {}): RecordFormat<T> => {
  const parse = bigints ? parseBigints : (text: string): unknown => JSON.parse(text)
  return Object.freeze({
    name: 'json',
    settings: Object.freeze(bigints ? { bigints } : {}),
    decode: (record: Encoded): T => {
      try {
        return parse(textOf(record)) as T
      } catch (error) {
        throw unreadable('JSON', record, error)
      }
    },
  })
}

type Parse = (
  text: string,
  revive: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
) => unknown

const WHOLE = /^-?\d+$/

/** The third argument of a reviver is younger than the types of the language. */
const parseBigints = (text: string): unknown =>
  (JSON.parse as Parse)(text, (_, value, { source = '' }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && WHOLE.test(source)
      ? BigInt(source)
      : value,
  )
