import { countsIn, pairsText, randomLine, type SimulatedPipeline, wordCounts } from './pipeline.ts'

const BUCKET = 'drops'

/** Objects that notifications announce: their words by batch. */
export const uploads: SimulatedPipeline = {
  name: 'uploads',
  streams: [],
  buckets: [BUCKET],
  line: randomLine,
  describe(ssc) {
    wordCounts(ssc.textFileStream(BUCKET)).saveAsTextFiles('counts')
  },
  outputs: (batch) => ({ counts: pairsText(countsIn([batch], BUCKET)) }),
}
