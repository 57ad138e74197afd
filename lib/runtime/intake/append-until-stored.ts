/** What feeds a lane in a process that stays waits until its records are stored. */
import { isMillraceError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Listener } from '../events.ts'
import type { Intake } from './intake.ts'
import type { LaneDelivery } from './lane-delivery.ts'

const FIRST_PAUSE_MS = 100
const PAUSE_MS_MAX = 5_000

/** What a supervisor of a receiver or a feed needs. */
export interface SupervisorParts {
  readonly intake: Intake
  /** The id of the source node. */
  readonly source: string
  readonly clock: Clock
  readonly listen: Listener
  /** Aborted: no further tries to store a delivery. */
  readonly signal: AbortSignal
  /** Called after each append. */
  readonly appended: () => void
}

/** A delivery, and whether its source can bring it again. */
interface FedDelivery extends LaneDelivery {
  readonly canComeAgain: boolean
}

/**
 * Tries until it succeeds, and tells of the dead letters. The lane gets room when the driver
 * catches up, and records that were dropped here could not come again.
 */
export const appendUntilStored = async (
  parts: SupervisorParts,
  delivery: FedDelivery,
): Promise<void> => {
  await tryUntilStored(parts, delivery)
  for (const { source, position, code, message } of delivery.rejected ?? [])
    parts.listen({ event: 'deadLetter', source, position, code, message })
  parts.appended()
}

const tryUntilStored = async (
  { intake, clock, listen, signal, source }: SupervisorParts,
  { canComeAgain, ...delivery }: FedDelivery,
): Promise<void> => {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
    try {
      await intake.append(delivery)
      return
    } catch (error) {
      if (!(isMillraceError(error) && error.retryable)) throw error
      if (signal.aborted) {
        const fate = canComeAgain ? 'are read again by the next run' : 'are lost'
        listen({
          event: 'warning',
          code: error.code,
          message:
            `${delivery.records.length} lines received for ${source} could not be stored ` +
            `and ${fate}: ${error.message}`,
        })
        throw error
      }
      if (pauseMs === FIRST_PAUSE_MS)
        listen({ event: 'warning', code: error.code, message: error.message })
      await clock.sleep(pauseMs, signal)
    }
  }
}
