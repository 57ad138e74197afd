import { countsIn, pairsText, randomLine, type SimulatedPipeline, wordCounts } from './pipeline.ts'
import { lastWindow, nextWhileHeld, slidesAt, type Span } from './spans.ts'

const STREAM = 'clicks'

/** In batch intervals. */
const SHORT = 3
const LONG = 4
const SLIDE = 2

const short = (intervalMs: number): Span => ({ lengthMs: SHORT * intervalMs, slideMs: intervalMs })
const long = (intervalMs: number): Span => ({
  lengthMs: LONG * intervalMs,
  slideMs: SLIDE * intervalMs,
})

/** Windows without an inverse: reductions at each batch, and whole windows at every other one. */
export const windows: SimulatedPipeline = {
  name: 'windows',
  streams: [STREAM],
  buckets: [],
  line: randomLine,
  describe(ssc, { maybeThrow }) {
    const lines = ssc.kinesisTextStream(STREAM)
    const interval = lines.slideDuration
    wordCounts(lines)
      .reduceByKeyAndWindow((a, b) => {
        maybeThrow()
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
  nextMs: (history, intervalMs) =>
    nextWhileHeld(history, [short(intervalMs), long(intervalMs)], intervalMs),
}
