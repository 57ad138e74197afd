/** When windows end and which batches they contain: pure arithmetic on the grid of batch times. */
import type { Duration } from '../base/duration.ts'
import { MillraceError } from '../base/errors.ts'
import type { BatchView } from './plan-node.ts'
import { checkDurationMs } from './checks.ts'
import type { DStream } from './dstream.ts'

/** The times of a windowed operator. Length and slide are multiples of the pane. */
export interface WindowSpan {
  /** The time between two RDDs of the parent. Each of them is one pane. */
  readonly paneMs: number
  readonly lengthMs: number
  readonly slideMs: number
}

type At = Pick<BatchView, 'timeMs' | 'zeroMs'>

/** Whether a window ends at this batch time. */
export const isDue = ({ slideMs }: WindowSpan, { timeMs, zeroMs }: At): boolean =>
  (timeMs - zeroMs) % slideMs === 0

/** The time of the first pane of the window that ends at this batch time. */
export const beginOf = ({ lengthMs, paneMs }: WindowSpan, { timeMs }: At): number =>
  timeMs - lengthMs + paneMs

/**
 * Whether some window contains the pane of this batch time. If the slide is longer than the window,
 * some panes are in no window.
 */
export const isHeld = (span: WindowSpan, { timeMs, zeroMs }: At): boolean => {
  const dueMs = zeroMs + Math.ceil((timeMs - zeroMs) / span.slideMs) * span.slideMs
  return timeMs >= beginOf(span, { timeMs: dueMs, zeroMs })
}

/** Names the values that must stay the same, so that stored panes can still be used. */
export const layoutOf = ({ paneMs, lengthMs, slideMs }: WindowSpan): string =>
  `windows of ${lengthMs} ms every ${slideMs} ms, over batches of ${paneMs} ms`

/** Checks the length and the slide that the user passed, and returns the span. */
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
      problem: `${operation}() needs a ${name} that is a multiple of the slide of its stream`,
      value: `${ms} ms, over RDDs that come every ${paneMs} ms`,
      allowed: `${paneMs} ms, ${2 * paneMs} ms, and so on`,
      fix: `round the ${name}, or change the batch interval`,
    })
  }
  return Object.freeze({ paneMs, lengthMs, slideMs })
}
