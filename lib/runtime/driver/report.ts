/** Reports an attempt to listeners, and notes it in the history: see lib/state/history. */
import { firstPlaceIn } from '../../base/error-places.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import type { FailureReason, Head } from '../../state/head.ts'
import { noteBatch } from '../../state/history/write-history.ts'
import type { RuntimeEvent } from '../events.ts'
import type { AttemptEvents } from '../listening/attempt-events.ts'
import type { AttemptSpans } from '../listening/attempt-spans.ts'
import type { Runner } from '../runner.ts'
import type { BatchTrace } from '../tasks/batch-trace.ts'
import { lostIn, totalOf } from './batch-input.ts'
import type { LoggedAttempt } from './head-writes.ts'
import { addedIn, codesOf, generalRecord, statesAfter } from './record.ts'
import type { Prepared } from './run.ts'
import type { Before } from './write-states.ts'

/** When an attempt began, and what follows it. */
export interface Tracing {
  readonly startedMs: number
  readonly trace: BatchTrace
  /** For listeners. */
  readonly events: AttemptEvents
  /** For a listener that wants spans. Left out: there is none. */
  readonly spans: AttemptSpans | undefined
}

/** A batch that is committed. Best effort: nothing depends on it. */
export const reportBatch = async (
  runner: Runner,
  prepared: Prepared,
  {
    head,
    before,
    startedMs,
    trace,
    events,
  }: Tracing & { readonly head: Head; readonly before: Before },
): Promise<void> => {
  const { store, app, listen, clock } = runner
  const { attempt, records, deadLetters, drafts, skippedTimes } = prepared
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
    processingMs: clock.now() - startedMs,
    ...addedIn(prepared),
  }
  for (const one of deadLetters) listen(eventOf(one))
  listen({ event: 'batchCompleted', ...summary })
  events.ended({ counts: prepared.counts })
  // Samples are some time apart: one event for each.
  const { load } = head
  if (load?.falling?.timeMs === timeMs) listen({ event: 'fallingBehind', ...load.falling })
  await noteBatch(store, app, () => ({
    ...generalRecord(runner, attempt, { startedMs, counts: prepared.counts }),
    ...trace.traced,
    ...summary,
    ...statesAfter(prepared, before),
    ...codesOf(deadLetters),
    status: 'completed',
  }))
}

/** An attempt that failed. Best effort. */
export const reportFailure = async (
  runner: Runner,
  attempt: LoggedAttempt,
  reason: FailureReason,
  { startedMs, trace, events, isFinal }: Tracing & { readonly isFinal: boolean },
): Promise<void> => {
  const { store, app, clock } = runner
  const { input, number } = attempt
  events.ended({ failureReason: reason.message })
  await noteBatch(store, app, () => ({
    ...generalRecord(runner, attempt, { startedMs }),
    ...trace.traced,
    attempt: number,
    records: totalOf(input, 'records'),
    bytes: totalOf(input, 'bytes'),
    objects: totalOf(input, 'objects'),
    // What the attempt has put aside does not count.
    deadLetters: 0,
    expired: 0,
    lost: lostIn(input).reduce((total, one) => total + one.records, 0),
    processingMs: clock.now() - startedMs,
    status: 'failed',
    reason,
    ...(isFinal ? { isFinal } : {}),
  }))
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
