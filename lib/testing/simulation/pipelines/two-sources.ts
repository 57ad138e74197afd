import { minutes } from '../../../base/duration.ts'
import { countsIn, pairsText, randomLine, type SimulatedPipeline, wordCounts } from './pipeline.ts'

const STREAM = 'clicks'
const BUCKET = 'drops'

/** A stream and a bucket as one: their words in all, with state in several partitions. */
export const twoSources: SimulatedPipeline = {
  name: 'two-sources',
  streams: [STREAM],
  buckets: [BUCKET],
  line: randomLine,
  storesAnew: true,
  describe(ssc, { change, maybeThrow }) {
    const lines = ssc
      .kinesisTextStream(STREAM)
      .union(ssc.textFileStream(BUCKET, { existing: 'all', listEvery: minutes(5) }))
    wordCounts(lines)
      .updateStateByKey<number>(
        (counts, total = 0) => {
          maybeThrow()
          return counts.reduce((sum, count) => sum + count, total)
        },
        { partitions: change === 'stored' ? 3 : 2 },
      )
      .reduceByKey((a) => a)
      .saveAsTextFiles('totals')
  },
  outputs: (_, history) => ({ totals: pairsText(countsIn(history, STREAM, BUCKET)) }),
}
