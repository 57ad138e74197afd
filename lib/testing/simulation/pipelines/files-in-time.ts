import { countsIn, pairsText, randomLine, type SimulatedPipeline, wordCounts } from './pipeline.ts'

const DIRECTORY = 'inbox'

/** Files that arrive in a directory, chosen by Spark's rule of time: their words by batch. */
export const filesInTime: SimulatedPipeline = {
  name: 'files-in-time',
  streams: [],
  buckets: [],
  directories: [DIRECTORY],
  line: randomLine,
  describe(ssc) {
    wordCounts(ssc.textFileStream(DIRECTORY)).saveAsTextFiles('counts')
  },
  outputs: (batch) => ({ counts: pairsText(countsIn([batch], DIRECTORY)) }),
}
