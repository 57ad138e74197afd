import { leastOf } from '../../base/extremes.ts'
import type { KeysInTime, Timer } from '../../state/operator/timer.ts'
import type { Moved } from '../plan-node.ts'

/** Says when something will happen to the keys of all partitions without input. */
export const setDueOf = (
  timer: Timer,
  moved: readonly Moved[],
  how: Pick<KeysInTime, 'idleMs' | 'isExact'>,
): void => {
  const dueTimes = moved.flatMap(({ dueMs }) => dueMs ?? [])
  timer.setDue(dueTimes.length === 0 ? undefined : leastOf(dueTimes), {
    waiting: moved.reduce((total, { waiting = 0 }) => total + waiting, 0),
    expired: moved.reduce((total, { expired = 0 }) => total + expired, 0),
    ...how,
  })
}
