/**
 * The append itself. The lane also says what this process has used up to now, which it had not yet
 * said in this lane or another one. So counting costs no call of its own. What a process uses after
 * its last append is not counted.
 */
import { usageSum } from '../../base/prices.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import { addUsage, type UsageMeter } from '../../ports/meter.ts'
import { type Lane, swapLane } from '../../state/lanes.ts'
import { withRetries } from '../retry.ts'

interface Counting {
  readonly app: string
  readonly store: ItemStore
  readonly clock: Clock
  /** Left out: this process counts nothing. */
  readonly meter?: UsageMeter | undefined
}

/**
 * Replaces a lane if it is still the one that was seen. Returns the lane that is stored then: `by`
 * says whether it is this one. A refusal that shows this attempt is a success without its answer.
 */
export const swapCounted = async (
  { app, store, clock, meter }: Counting,
  seen: Lane | undefined,
  next: Lane,
): Promise<Lane | undefined> => {
  const spent = meter?.take()
  const isCounted = spent !== undefined || seen?.used !== undefined
  const counted = isCounted ? { ...next, used: usageSum([seen?.used, spent]) } : next
  let isSaid = false
  try {
    const answer = await withRetries(clock, () => swapLane(store, app, seen, counted))
    isSaid = answer.swapped || answer.current?.by === next.by
    return answer.swapped ? counted : answer.current
  } finally {
    // The next append says it.
    if (!isSaid && meter !== undefined && spent !== undefined) addUsage(meter, spent)
  }
}
