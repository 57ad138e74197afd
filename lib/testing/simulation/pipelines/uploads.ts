import { minutes } from '../../../base/duration.ts'
import { countsIn, pairsText, randomLine, type SimulatedPipeline, wordCounts } from './pipeline.ts'

const BUCKET = 'drops'

/** Objects that notifications announce: their words by batch. */
export const uploads: SimulatedPipeline = {
  name: 'uploads',
  streams: [],
  buckets: [BUCKET],
  line: randomLine,
  describe(ssc) {
    // Often, so that a lost notification is made up for within the time of a world.
    wordCounts(ssc.textFileStream(BUCKET, { listEvery: minutes(5) })).saveAsTextFiles('counts')
  },
  outputs: (batch) => ({ counts: pairsText(countsIn([batch], BUCKET)) }),
}
