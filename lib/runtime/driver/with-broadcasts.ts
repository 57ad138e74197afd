import { refreshBroadcasts, useBroadcasts } from '../broadcasts.ts'
import type { Runner } from '../runner.ts'
import type { LoggedAttempt } from './head-writes.ts'
import { logAgain } from './log.ts'

/**
 * The attempt with the values that it uses in this process. A batch that was logged before this
 * code was deployed has none of what is new in it: that is loaded and logged now. Undefined: the
 * lease was lost.
 */
export const withBroadcasts = async (
  runner: Runner,
  attempt: LoggedAttempt,
): Promise<LoggedAttempt | undefined> => {
  const { input } = attempt
  const { broadcasts = {} } = input
  const isWhole = runner.plan.broadcasts?.all.every(({ name }) => broadcasts[name]) ?? true
  const used = isWhole
    ? attempt
    : await logAgain(runner, attempt, {
        ...input,
        broadcasts: {
          ...(await refreshBroadcasts(runner, input.timeMs, broadcasts)),
          ...broadcasts,
        },
      })
  if (used !== undefined) await useBroadcasts(runner, used.input.broadcasts)
  return used
}
