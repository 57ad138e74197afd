import {
  countsOf,
  type History,
  linesOf,
  type ModelBatch,
  pairsText,
  randomLine,
  type SimulatedPipeline,
  wordCounts,
  wordsOf,
} from './pipeline.ts'

const STREAM = 'clicks'

/** In batch intervals. */
const SHORT = 3
const LONG = 4
const SLIDE = 2

/** A window, as `window` has it. */
export interface Span {
  readonly lengthMs: number
  readonly slideMs: number
}

/** The batches of the last window of a history: it ends with the last batch time at which there is one. */
export const lastWindow = (history: History, { lengthMs, slideMs }: Span): History => {
  const { timeMs: nowMs, zeroMs } = history.at(-1) as ModelBatch
  const endMs = nowMs - ((nowMs - zeroMs) % slideMs)
  return history.filter(({ timeMs }) => timeMs > endMs - lengthMs && timeMs <= endMs)
}

/** While one of the last windows holds something, the next ones hold something else. */
export const nextWhileHeld = (history: History, spans: readonly Span[], intervalMs: number): number | undefined => {
  const isHeld = spans.some((span) => lastWindow(history, span).some(({ lines }) => Object.values(lines).flat().length > 0))
  return isHeld ? (history.at(-1) as ModelBatch).timeMs + intervalMs : undefined
}

/** How often each word occurs in batches. */
export const countsIn = (batches: History, source: string): Map<string, number> =>
  countsOf(wordsOf(batches.flatMap((batch) => linesOf(batch, [source]))))

/** Whether there is a window at the time of a batch. */
export const slidesAt = ({ timeMs, zeroMs }: ModelBatch, { slideMs }: Span): boolean => (timeMs - zeroMs) % slideMs === 0

const short = (intervalMs: number): Span => ({ lengthMs: SHORT * intervalMs, slideMs: intervalMs })
const long = (intervalMs: number): Span => ({ lengthMs: LONG * intervalMs, slideMs: SLIDE * intervalMs })

/** Windows without an inverse: reductions at each batch, and whole windows at every other one. */
export const windows: SimulatedPipeline = {
  name: 'windows',
  streams: [STREAM],
  buckets: [],
  line: randomLine,
  describe(ssc, { moody }) {
    const lines = ssc.kinesisTextStream(STREAM)
    const interval = lines.slideDuration
    wordCounts(lines)
      .reduceByKeyAndWindow((a, b) => {
        moody()
        return a + b
      }, interval.times(SHORT))
      .saveAsTextFiles('reduced')
    wordCounts(lines.window(interval.times(LONG), interval.times(SLIDE))).saveAsTextFiles('whole')
  },
  outputs(batch, history, intervalMs) {
    const reduced = pairsText(countsIn(lastWindow(history, short(intervalMs)), STREAM))
    if (!slidesAt(batch, long(intervalMs))) return { reduced }
    return { reduced, whole: pairsText(countsIn(lastWindow(history, long(intervalMs)), STREAM)) }
  },
  nextMs: (history, intervalMs) => nextWhileHeld(history, [short(intervalMs), long(intervalMs)], intervalMs),
}
