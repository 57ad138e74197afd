/**
 * From a receiver to its lane. A receiver has no positions, so the supervisor assigns them:
 * consecutive positions after the tail, to good and rejected lines alike. Each delivery gets its
 * positions once. A failed try may have been applied, and another try with the same positions
 * appends nothing twice (B1).
 */
import { isMillraceError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Delivery, ReceiverSink, RejectedRecord } from '../../ports/receiver.ts'
import type { PositionedRecord } from '../../state/blocks.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import type { Listener } from '../events.ts'
import type { Intake } from './intake.ts'
import type { LaneDelivery } from './lane-delivery.ts'

/** The lane of a receiver: each source has one. */
export const RECEIVER_LANE = 'receiver'

const FIRST_PAUSE_MS = 100
const PAUSE_MS_MAX = 5_000

/** What a supervisor needs. */
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

/** Starts at the tail of the lane. */
export const superviseReceiver = async (parts: SupervisorParts): Promise<ReceiverSink> => {
  let tail = BigInt(await parts.intake.tail(RECEIVER_LANE))
  const feeder = await parts.intake.feeder(RECEIVER_LANE)
  return {
    ...(feeder === undefined ? {} : { feeder }),
    async store(delivery: Delivery): Promise<void> {
      const positioned = withPositions(parts.source, tail, delivery)
      await appendUntilStored(parts, positioned)
      tail = BigInt(positioned.last)
      for (const { source, position, code, message } of positioned.rejected)
        parts.listen({ event: 'deadLetter', source, position, code, message })
      parts.appended()
    },
    report: (message) => parts.listen({ event: 'receiver', source: parts.source, message }),
  }
}

interface PositionedDelivery extends LaneDelivery {
  readonly rejected: readonly DeadLetter[]
  readonly last: string
}

/**
 * A rejected line comes before the good line that has the same index. A delivery with nothing but a
 * `feeder` takes a position that no record has: so it is an append like any other (B1).
 */
const withPositions = (
  source: string,
  tail: bigint,
  { records, rejected, feeder }: Delivery,
): PositionedDelivery => {
  let at = tail
  let next = 0
  const deadLetters: DeadLetter[] = []
  const letRejectedBefore = (index: number): void => {
    for (; next < rejected.length && (rejected[next] as RejectedRecord).index <= index; next++)
      deadLetters.push(deadLetterFor(source, String(++at), rejected[next] as RejectedRecord))
  }
  const positioned = records.map((record, index): PositionedRecord => {
    letRejectedBefore(index)
    return { position: String(++at), record }
  })
  letRejectedBefore(records.length)
  if (at === tail && feeder !== undefined) at += 1n
  return {
    lane: RECEIVER_LANE,
    records: positioned,
    rejected: deadLetters,
    last: String(at),
    ...(feeder === undefined ? {} : { feeder }),
  }
}

const deadLetterFor = (
  source: string,
  position: string,
  { code, data, sizeBytes }: RejectedRecord,
): DeadLetter => {
  const message =
    code === 'LINE_NOT_UTF8'
      ? 'The line is not valid UTF-8'
      : `The line has ${sizeBytes} bytes, which is over the limit`
  return { source, position: `${RECEIVER_LANE}#${position}`, code, message, data, sizeBytes }
}

/**
 * Tries until it succeeds. The lane gets room when the driver catches up, and records that were
 * dropped here could not come again.
 */
const appendUntilStored = async (
  { intake, clock, listen, signal, source }: SupervisorParts,
  delivery: PositionedDelivery,
): Promise<void> => {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
    try {
      await intake.append(delivery)
      return
    } catch (error) {
      if (!(isMillraceError(error) && error.retryable)) throw error
      if (signal.aborted) {
        const fate = delivery.feeder === undefined ? 'are lost' : 'are read again by the next run'
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
