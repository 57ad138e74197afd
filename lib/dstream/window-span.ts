/** When windows are due and which batches they hold: pure arithmetic on the grid of batch times. */
import type { Duration } from '../base/duration.ts'
import { MillraceError } from '../base/errors.ts'
import type { BatchView } from './plan-node.ts'
import { checkDurationMs } from './checks.ts'
import type { DStream } from './dstream.ts'

/** The times of a windowed operator. Length and slide are multiples of the pane. */
export interface WindowSpan {
  /** How far apart the datasets of the parent are: each is a pane. */
  readonly paneMs: number
  readonly lengthMs: number
  readonly slideMs: number
}

type At = Pick<BatchView, 'timeMs' | 'zeroMs'>

/** Whether there is a window at this batch time. */
export const isDue = ({ slideMs }: WindowSpan, { timeMs, zeroMs }: At): boolean =>
  (timeMs - zeroMs) % slideMs === 0

/** The time of the first pane of the window that ends at this batch time. */
export const beginOf = ({ lengthMs, paneMs }: WindowSpan, { timeMs }: At): number =>
  timeMs - lengthMs + paneMs

/**
 * Whether some window holds the pane of this batch time: where the slide is longer than the window,
 * some panes are in none.
 */
export const isHeld = (span: WindowSpan, { timeMs, zeroMs }: At): boolean => {
  const dueMs = zeroMs + Math.ceil((timeMs - zeroMs) / span.slideMs) * span.slideMs
  return timeMs >= beginOf(span, { timeMs: dueMs, zeroMs })
}

/** What must stay the same for stored panes to make sense. */
export const layoutOf = ({ paneMs, lengthMs, slideMs }: WindowSpan): string =>
  `windows of ${lengthMs} ms every ${slideMs} ms, over batches of ${paneMs} ms`

/** The span of a window over a stream, from what the user has given. */
export const checkSpan = (
  operation: string,
  parent: Pick<DStream<unknown>, 'slideDuration'>,
  length: Duration,
  slide: Duration | undefined,
): WindowSpan => {
  const paneMs = parent.slideDuration.milliseconds
  const lengthMs = checkDurationMs(`${operation}() length`, length)
  const slideMs = slide === undefined ? paneMs : checkDurationMs(`${operation}() slide`, slide)
  for (const [name, ms] of [
    ['length', lengthMs],
    ['slide', slideMs],
  ] as const) {
    if (ms % paneMs === 0) continue
    throw new MillraceError('ARGUMENT_INVALID', {
      problem:
        `The ${name} of a window must be a multiple of the slide of the stream below it ` +
        `(${operation})`,
      value: `${ms} ms over datasets that come every ${paneMs} ms`,
      allowed: `${paneMs} ms, ${2 * paneMs} ms, and so on`,
      fix: `round the ${name}, or change the batch interval`,
    })
  }
  return Object.freeze({ paneMs, lengthMs, slideMs })
}
