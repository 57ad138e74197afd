/**
 * The ledger of messages. For the id of each message, it has the time of the batch that took the
 * message.
 *
 * An entry is written between the log and the commit of its batch. A later batch never changes it:
 * that batch finds the entry and leaves the message out. The entry expires when a queue can no
 * longer deliver the message again.
 */
import { mapAtOnce } from '../../../base/concurrency.ts'
import type { ItemKey } from '../../../ports/item-store.ts'
import { ledgerKey } from '../../../state/item-keys.ts'
import type { SourcePlace } from '../source-kind.ts'

/** A queue keeps a message for 14 days; each of its two deliveries may wait in the lane as long. */
const KEPT_DAYS = 14 + 2 * 14 + 3

/** Look-ups at the same time. */
const CALLS_AT_ONCE = 64

const entryKey = ({ app, source }: SourcePlace, id: string): ItemKey =>
  ledgerKey(app, `${source}/messages`, id)

/** The ids, among `ids`, that a batch before `timeMs` has taken. One look-up for each id. */
export const takenBefore = async (
  place: SourcePlace,
  ids: ReadonlySet<string>,
  timeMs: number,
): Promise<ReadonlySet<string>> => {
  const found = await mapAtOnce([...ids], CALLS_AT_ONCE, async (id) => {
    const takenMs = (await place.store.get(entryKey(place, id)))?.['takenMs']
    return typeof takenMs === 'number' && takenMs < timeMs ? [id] : []
  })
  return new Set(found.flat())
}

/** Notes that a batch has taken messages. `receivedMs`: when intake accepted the last of them. */
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
