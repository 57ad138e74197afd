import { countsIn, pairsText, randomLine, type SimulatedPipeline, wordCounts } from './pipeline.ts'
import { lastWindow, nextWhileHeld, slidesAt, type Span } from './spans.ts'

const STREAM = 'clicks'

/** In batch intervals. */
const LENGTH = 5
const SLIDE = 3

const rolling = (intervalMs: number): Span => ({
  lengthMs: LENGTH * intervalMs,
  slideMs: intervalMs,
})
const stepping = (intervalMs: number): Span => ({
  lengthMs: LENGTH * intervalMs,
  slideMs: SLIDE * intervalMs,
})

/**
 * Windows with an inverse, which keep their results as state. Without a filter, keys stay in the
 * result; counts of values lose the values that have left.
 */
export const inverseWindows: SimulatedPipeline = {
  name: 'inverse-windows',
  streams: [STREAM],
  buckets: [],
  line: randomLine,
  describe(ssc, { maybeThrow }) {
    const lines = ssc.kinesisTextStream(STREAM)
    const interval = lines.slideDuration
    const add = (a: number, b: number): number => {
      maybeThrow()
      return a + b
    }
    wordCounts(lines)
      .reduceByKeyAndWindow(
        add,
        (all, leaving) => all - leaving,
        interval.times(LENGTH),
        interval,
        { partitions: 2 },
      )
      .reduceByKey(add)
      .saveAsTextFiles('rolling')
    lines
      .flatMap((line) => line.split(' '))
      .countByValueAndWindow(interval.times(LENGTH), interval.times(SLIDE))
      .saveAsTextFiles('values')
  },
  outputs(batch, history, intervalMs) {
    const now = countsIn(lastWindow(history, rolling(intervalMs)), STREAM)
    const everSeen = countsIn(history, STREAM).keys()
    const all = pairsText([...everSeen].map((word) => [word, now.get(word) ?? 0]))
    return slidesAt(batch, stepping(intervalMs))
      ? { rolling: all, values: pairsText(now) }
      : { rolling: all }
  },
  nextMs: (history, intervalMs) =>
    nextWhileHeld(history, [rolling(intervalMs), stepping(intervalMs)], intervalMs),
}
