/**
 * Deletes dead letters: an operator gives their records up. One that a redrive has reserved is not
 * deleted, because that redrive will bring its record back.
 */
import {
  byRecord,
  type DeadLettersOfRecord,
  readDeadLetters,
} from '../../state/dead-letter-reader.ts'
import { type DeadLetterFilter, matches } from './filter.ts'
import { giveUpLetters, type RemovalParts } from './remove.ts'

/** What was deleted. */
export interface Deleted {
  readonly deadLetters: number
  /** Dead letters that match, and that a redrive has reserved. */
  readonly reserved: number
}

/** After this many records, those that were chosen are deleted. */
const RECORDS_AT_ONCE = 1_000

/** Deletes the dead letters of all records that match. May be repeated after an error. */
export const deleteDeadLetters = async (
  { app, ...parts }: RemovalParts & { readonly app: string },
  filter: DeadLetterFilter & { readonly limit?: number },
): Promise<Deleted> => {
  const { fromMs, toMs, limit = Infinity } = filter
  let records = 0
  let deadLetters = 0
  let reserved = 0
  const chosen: DeadLettersOfRecord[] = []
  const found = readDeadLetters(parts.store, app, { fromMs, toMs, first: 'oldest' })
  for await (const record of byRecord(found)) {
    if (records >= limit) break
    if (!matches(record, filter)) continue
    if (record[0].reservation !== undefined) {
      reserved += record.length
      continue
    }
    // Never in the middle of a block: a block that is given up whole is deleted whole.
    const isNextItem = chosen.at(-1)?.[0].key.sort !== record[0].key.sort
    if (chosen.length >= RECORDS_AT_ONCE && isNextItem)
      deadLetters += await giveUpLetters(parts, chosen.splice(0).flat())
    chosen.push(record)
    records += 1
  }
  deadLetters += await giveUpLetters(parts, chosen.flat())
  return { deadLetters, reserved }
}
