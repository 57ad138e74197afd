import { MillraceError } from '../../base/errors.ts'
import type { RuntimeEvent } from '../../runtime/events.ts'
import type { TestFailure, TestOutput, TestRun } from './test-batch.ts'

type FailureEvent = Extract<RuntimeEvent, { event: 'batchFailed' | 'failed' }>

/**
 * A failure that the runtime has reported. It has the error of an output, if an output has failed.
 */
export const failureOf = (
  event: FailureEvent,
  events: readonly RuntimeEvent[],
  outputs: readonly TestOutput[],
): TestFailure => {
  const { timeMs, code, message } = event
  const { retryMs, attempt } =
    event.event === 'batchFailed'
      ? event
      : { retryMs: undefined, attempt: lastAttempt(timeMs, events) }
  const runs = outputs.flatMap((output) =>
    output.runs.filter((run): run is TestRun => run.timeMs === timeMs),
  )
  const seen = runs.findLast(({ error }) => error?.code === code && error.message === message)
  return {
    timeMs,
    attempt,
    retryMs,
    error: seen?.error ?? new MillraceError('BATCH_FAILED', { problem: `${message} [${code}]` }),
  }
}

const lastAttempt = (timeMs: number, events: readonly RuntimeEvent[]): number => {
  const started = events.findLast(
    (event) => event.event === 'batchStarted' && event.timeMs === timeMs,
  )
  return started?.event === 'batchStarted' ? started.attempt : 1
}
