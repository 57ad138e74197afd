/** Windows over the batches of a model. */
import type { History, ModelBatch } from './pipeline.ts'

/** A window, as `window` has it. */
export interface Span {
  readonly lengthMs: number
  readonly slideMs: number
}

/**
 * The batches of the last window of a history: it ends with the last batch time at which there is
 * one.
 */
export const lastWindow = (history: History, { lengthMs, slideMs }: Span): History => {
  const { timeMs: nowMs, zeroMs } = history.at(-1) as ModelBatch
  const endMs = nowMs - ((nowMs - zeroMs) % slideMs)
  return history.filter(({ timeMs }) => timeMs > endMs - lengthMs && timeMs <= endMs)
}

/** While one of the last windows holds something, the next ones hold something else. */
export const nextWhileHeld = (
  history: History,
  spans: readonly Span[],
  intervalMs: number,
): number | undefined => {
  const isHeld = spans.some((span) =>
    lastWindow(history, span).some(({ lines }) => Object.values(lines).flat().length > 0),
  )
  return isHeld ? (history.at(-1) as ModelBatch).timeMs + intervalMs : undefined
}

/** Whether there is a window at the time of a batch. */
export const slidesAt = ({ timeMs, zeroMs }: ModelBatch, { slideMs }: Span): boolean =>
  (timeMs - zeroMs) % slideMs === 0
