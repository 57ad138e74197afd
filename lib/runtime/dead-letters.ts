import { encode } from '../base/codec.ts'
import { MillraceError, preview } from '../base/errors.ts'
import type { ItemStore, KeyedItem } from '../ports/item-store.ts'
import type { BadRecord } from '../rdd/pour.ts'
import { deadLetterPartition } from '../state/item-keys.ts'

/** A record that was put aside, with all that is needed to look at it and to send it again. */
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
}

const DATA_BYTES_MAX = 100_000
const MESSAGE_CHARACTERS_MAX = 2_000

/** A record as bytes: text as UTF-8, anything else in the stored form of values, or a description if it has none. */
const recordBytes = (record: unknown): Uint8Array => {
  if (typeof record === 'string') return Buffer.from(record, 'utf8')
  if (record instanceof Uint8Array) return record
  try {
    return encode(record)
  } catch {
    return Buffer.from(String(record), 'utf8')
  }
}

/** The dead letter of a record on which a function of the pipeline threw. */
export const letterOf = (source: string, position: string, { record, label, error }: BadRecord): DeadLetter => {
  const data = recordBytes(record)
  const code = error instanceof MillraceError ? error.code : 'USER_FUNCTION_FAILED'
  const message = error instanceof Error ? `${error.name}: ${error.message}` : preview(error)
  return { source, position, code, message, operator: label, data, sizeBytes: data.byteLength }
}

/** Stores dead letters under names made of their positions: storing one again changes nothing. */
export const storeDeadLetters = async (store: ItemStore, app: string, timeMs: number, letters: readonly DeadLetter[]): Promise<void> => {
  const items = letters.map((letter): KeyedItem => ({
    partition: deadLetterPartition(app, timeMs),
    sort: `${letter.source}#${letter.position}#${letter.operator ?? letter.code}`,
    item: {
      timeMs,
      code: letter.code,
      message: letter.message.slice(0, MESSAGE_CHARACTERS_MAX),
      operator: letter.operator,
      data: letter.data.subarray(0, DATA_BYTES_MAX),
      sizeBytes: letter.sizeBytes,
    },
  }))
  if (items.length > 0) await store.putAll(items)
}
