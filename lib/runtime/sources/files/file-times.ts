/** The times by which files are chosen: see file-chooser.ts. */
import type { FileSelection } from '../../../dstream/sources/file-selection.ts'
import type { ObjectSummary } from '../../../ports/object-source.ts'
import type { FileOffsets } from '../../../state/offsets.ts'
import type { BatchTimes } from '../source-reader.ts'
import { mindsLateFiles } from './left-files.ts'

/** A question about the files of a batch. */
export interface FilesQuestion extends BatchTimes {
  /** The batch time; or, for what waits, any time until which files count. */
  readonly untilMs: number
  readonly offsets: FileOffsets
}

/** The times by which files are chosen. */
interface FileTimes {
  readonly threshold: number
  /** The threshold before the clock was set back. Undefined: it was not set back. */
  readonly judgedMs: number | undefined
}

/**
 * Entries matter for files in time, and for paths that may still be remembered: those of batches
 * after this time.
 */
export const reachOf = (
  { firstMs }: FilesQuestion,
  selection: FileSelection,
  threshold: number,
): number =>
  selection.existing === 'all' || mindsLateFiles(selection)
    ? -Infinity
    : Math.min(threshold, firstMs - selection.ignoredMs) - 1

/** The times by which the files of a question are chosen. */
export const timesOf = (question: FilesQuestion, selection: FileSelection): FileTimes => {
  const { offsets, startedMs, firstMs, intervalMs, nowMs } = question
  if (selection.existing === 'all')
    return { threshold: offsets.threshold ?? -Infinity, judgedMs: undefined }
  const lookedMs = offsets.lookedMs ?? Math.min(firstMs - intervalMs, nowMs)
  const threshold =
    offsets.threshold ?? Math.max(startedMs, lookedMs + intervalMs - selection.rememberMs)
  const backMs = (offsets.lookedMs ?? startedMs) - nowMs
  if (backMs <= 0) return { threshold, judgedMs: undefined }
  // Between the correction and the first look after it, a batch interval may pass.
  const marginMs = backMs > intervalMs ? intervalMs : 0
  return { threshold: threshold - backMs - marginMs, judgedMs: threshold }
}

/** The last batch time, of those that a batch stands for, whose rule of time a file can meet. */
export const lastChanceOf = (
  { modifiedMs }: ObjectSummary,
  { untilMs, firstMs, intervalMs }: FilesQuestion,
  { rememberMs }: FileSelection,
): number => {
  const steps = Math.ceil((modifiedMs + rememberMs - firstMs) / intervalMs) - 1
  return Math.min(untilMs, firstMs + Math.max(0, steps) * intervalMs)
}
