/**
 * The ledger of messages: for the id of each message, the time of the batch that has taken it.
 *
 * An entry is written between the log and the commit of its batch, and never changed by a later
 * batch: that one finds the entry and leaves the message out. It expires when SQS cannot deliver
 * the message again any more.
 */
import { inGroups } from '../../../base/all-or-first-error.ts'
import type { ItemKey } from '../../../ports/item-store.ts'
import { ledgerKey } from '../../../state/item-keys.ts'
import type { SourcePlace } from '../source-kind.ts'

/** SQS keeps a message for 14 days; each of its two deliveries may wait in the lane as long. */
const KEPT_DAYS = 14 + 2 * 14 + 3

/** Look-ups side by side. */
const CALLS_AT_ONCE = 64

const entryKey = ({ app, source }: SourcePlace, id: string): ItemKey =>
  ledgerKey(app, `${source}/messages`, id)

/** Those of some messages that a batch before this batch time has taken. One look-up for each. */
export const takenBefore = async (
  place: SourcePlace,
  ids: ReadonlySet<string>,
  timeMs: number,
): Promise<ReadonlySet<string>> => {
  const found = await inGroups([...ids], CALLS_AT_ONCE, async (id) => {
    const takenMs = (await place.store.get(entryKey(place, id)))?.['takenMs']
    return typeof takenMs === 'number' && takenMs < timeMs ? [id] : []
  })
  return new Set(found.flat())
}

/** Notes that a batch has taken some messages. `receivedMs`: when intake took the last of them. */
export const recordMessages = async (
  place: SourcePlace,
  ids: ReadonlySet<string>,
  { timeMs, receivedMs }: { readonly timeMs: number; readonly receivedMs: number },
): Promise<void> => {
  if (ids.size === 0) return
  const ttl = Math.ceil(receivedMs / 1_000) + KEPT_DAYS * 86_400
  await place.store.putAll(
    [...ids].map((id) => ({ ...entryKey(place, id), item: { takenMs: timeMs, ttl } })),
  )
}
