/** Reports a committed batch to listeners, and notes it in the history for a week. */
import { firstPlaceIn } from '../../base/error-places.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import type { Head } from '../../state/head.ts'
import { noteBatch } from '../../state/history.ts'
import type { RuntimeEvent } from '../events.ts'
import type { Runner } from '../runner.ts'
import { lostIn, totalOf } from './batch-input.ts'
import type { Prepared } from './run.ts'

/** Best effort: nothing depends on it. */
export const reportBatch = async (
  { store, app, listen }: Runner,
  { attempt, records, deadLetters, drafts, skippedTimes }: Prepared,
  { load }: Pick<Head, 'load'>,
  processingMs: number,
): Promise<void> => {
  const { input } = attempt
  const { timeMs } = input
  const summary = {
    timeMs,
    attempt: attempt.number,
    records,
    bytes: totalOf(input, 'bytes'),
    objects: totalOf(input, 'objects'),
    deadLetters: deadLetters.length,
    expired: drafts.expired,
    lost: lostIn(input).reduce((total, one) => total + one.records, 0),
    skippedTimes,
    processingMs,
  }
  for (const one of deadLetters) listen(eventOf(one))
  listen({ event: 'batchCompleted', ...summary })
  // Samples are some time apart: one event for each.
  if (load?.falling?.timeMs === timeMs) listen({ event: 'fallingBehind', ...load.falling })
  await noteBatch(store, app, timeMs, summary)
}

const eventOf = ({
  source,
  position,
  code,
  message,
  operator,
  declaredAt,
  stack,
}: DeadLetter): RuntimeEvent => {
  const thrownAt = firstPlaceIn(stack ?? '')
  return {
    event: 'deadLetter',
    source,
    position,
    code,
    message,
    ...(operator === undefined ? {} : { operator }),
    ...(declaredAt === undefined ? {} : { declaredAt }),
    ...(thrownAt === undefined ? {} : { thrownAt }),
  }
}
