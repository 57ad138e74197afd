import { countsIn, pairsText, randomLine, type SimulatedPipeline, wordCounts } from './pipeline.ts'
import { lastWindow, nextWhileHeld, slidesAt, type Span } from './spans.ts'

const STREAM = 'clicks'

/** In batch intervals. */
const LENGTH = 8
const SLIDE = 2

const rolling = (intervalMs: number): Span => ({
  lengthMs: LENGTH * intervalMs,
  slideMs: intervalMs,
})
const stepping = (intervalMs: number): Span => ({
  lengthMs: LENGTH * intervalMs,
  slideMs: SLIDE * intervalMs,
})

/** Windows by key in partitions, whose number is another one with some deployments. */
export const dividedWindows: SimulatedPipeline = {
  name: 'divided-windows',
  streams: [STREAM],
  buckets: [],
  line: randomLine,
  storesAnew: true,
  describe(ssc, { change, maybeThrow }) {
    const lines = ssc.kinesisTextStream(STREAM)
    const interval = lines.slideDuration
    const partitions = change === 'stored' ? 3 : 2
    const length = interval.times(LENGTH)
    const add = (a: number, b: number): number => {
      maybeThrow()
      return a + b
    }
    const counts = wordCounts(lines)
    counts
      .reduceByKeyAndWindow(add, length, interval, { partitions })
      .reduceByKey(add)
      .saveAsTextFiles('reduced')
    counts
      .reduceByKeyAndWindow(add, (all, leaving) => all - leaving, length, interval, { partitions })
      .filter(([, count]) => count > 0)
      .reduceByKey(add)
      .saveAsTextFiles('rolling')
    counts
      .groupByKeyAndWindow(length, interval.times(SLIDE), { partitions })
      .mapValues((some) => some.reduce(add))
      .reduceByKey(add)
      .saveAsTextFiles('groups')
  },
  outputs(batch, history, intervalMs) {
    const now = pairsText(countsIn(lastWindow(history, rolling(intervalMs)), STREAM))
    const both = { reduced: now, rolling: now }
    return slidesAt(batch, stepping(intervalMs)) ? { ...both, groups: now } : both
  },
  nextMs: (history, intervalMs) =>
    nextWhileHeld(history, [rolling(intervalMs), stepping(intervalMs)], intervalMs),
}
