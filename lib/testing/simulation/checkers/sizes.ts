import { itemBytes } from '../../../ports/item-store.ts'
import type { Plan } from '../../../dstream/plan.ts'
import type { Environment } from '../environment.ts'
import type { StoreWrite } from '../ports/observer.ts'
import type { Storage } from '../storage.ts'
import type { Violations } from './violations.ts'

/** As in DynamoDB. */
const SORT_KEY_BYTES_MAX = 1_024

/** B8: an item and its key are within the limits of the table. */
export const checkSizes = (
  violations: Violations,
  { items }: Storage,
  { key, after }: StoreWrite,
): void => {
  const size = after === undefined ? 0 : itemBytes(key, after)
  violations.expect(
    'B8',
    size <= items.itemBytesMax,
    () => `${key.partition} has an item of ${size} bytes`,
  )
  const bytes = Buffer.byteLength(key.sort)
  violations.expect(
    'B8',
    bytes <= SORT_KEY_BYTES_MAX,
    () => `${key.partition} has a sort key of ${bytes} bytes`,
  )
}

/** B8: a minute has no more triggers than batches. */
export const checkTriggers = (
  violations: Violations,
  { options: { intervalMs } }: Plan,
  triggers: number,
  { name }: Environment,
): void =>
  // One at once for everything that is overdue, and one for a retry.
  violations.expect(
    'B8',
    triggers <= Math.ceil(60_000 / intervalMs) + 2,
    () => `${name} schedules ${triggers} triggers for one minute`,
  )
