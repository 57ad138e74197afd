/**
 * From a receiver to its lane. A receiver has no positions, so the supervisor assigns them:
 * consecutive positions after the tail, to good and rejected lines alike. Each delivery gets its
 * positions once. A failed try may have been applied, and another try with the same positions
 * appends nothing twice (B1). For the same reason nothing is stored after a delivery whose fate is
 * unknown: it would have the same positions, and count as stored already.
 */
import { isMillraceError } from '../../base/errors.ts'
import type { Delivery, ReceiverSink, RejectedRecord } from '../../ports/receiver.ts'
import type { PositionedRecord } from '../../state/blocks.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import { RECEIVER_LANE } from '../../state/receiver-lane.ts'
import { appendUntilStored, type SupervisorParts } from './append-until-stored.ts'
import type { LaneDelivery } from './lane-delivery.ts'

/** Starts at the tail of the lane. Default: the one of a source that one process feeds. */
export const superviseReceiver = async (
  parts: SupervisorParts,
  lane: string = RECEIVER_LANE,
): Promise<ReceiverSink> => {
  let tail = BigInt(await parts.intake.tail(lane))
  const feeder = await parts.intake.feeder(lane)
  let unknown: { readonly error: unknown } | undefined
  return {
    ...(feeder === undefined ? {} : { feeder }),
    async store(delivery: Delivery): Promise<void> {
      if (unknown !== undefined) throw unknown.error
      const positioned = withPositions({ source: parts.source, lane }, tail, delivery)
      const canComeAgain = delivery.comesAgain ?? delivery.feeder !== undefined
      try {
        await appendUntilStored(parts, { ...positioned, canComeAgain })
      } catch (error) {
        if (mayBeStored(error)) unknown = { error }
        throw error
      }
      tail = BigInt(positioned.last)
    },
    report: (message, failure) =>
      parts.listen({
        event: 'receiver',
        source: parts.source,
        message,
        ...(failure === undefined ? {} : { failure }),
      }),
  }
}

/** A lane that is full, and a delivery that is refused for ever, have stored nothing. */
const mayBeStored = (error: unknown): boolean =>
  !isMillraceError(error) || (error.retryable && error.code !== 'LANE_FULL')

interface ReceiverPlace {
  readonly source: string
  readonly lane: string
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
  place: ReceiverPlace,
  tail: bigint,
  { records, rejected, feeder }: Delivery,
): PositionedDelivery => {
  let at = tail
  let next = 0
  const deadLetters: DeadLetter[] = []
  const letRejectedBefore = (index: number): void => {
    for (; next < rejected.length && (rejected[next] as RejectedRecord).index <= index; next++)
      deadLetters.push(deadLetterFor(place, String(++at), rejected[next] as RejectedRecord))
  }
  const positioned = records.map((record, index): PositionedRecord => {
    letRejectedBefore(index)
    return { position: String(++at), record }
  })
  letRejectedBefore(records.length)
  if (at === tail && feeder !== undefined) at += 1n
  return {
    lane: place.lane,
    records: positioned,
    rejected: deadLetters,
    last: String(at),
    ...(feeder === undefined ? {} : { feeder }),
  }
}

const deadLetterFor = (
  { source, lane }: ReceiverPlace,
  position: string,
  { code, data, sizeBytes }: RejectedRecord,
): DeadLetter => {
  const message =
    code === 'LINE_NOT_UTF8'
      ? 'The line is not valid UTF-8'
      : `The line has ${sizeBytes} bytes, which is over the limit`
  return { source, position: `${lane}#${position}`, code, message, data, sizeBytes }
}
