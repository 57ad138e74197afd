/**
 * The word count that `millrace run --once` runs in the benchmark `files`. Its limits are wide, so
 * that one batch takes the whole text and writes one list of words, as the loop does.
 */
import { seconds, stream } from 'millrace'

const MANY = 1e12

export default stream(
  'files',
  { batchInterval: seconds(1), limits: { bytes: MANY, records: MANY, objects: MANY } },
  (ssc) => {
    ssc
      .textFileStream('text', { existing: 'all', limits: { bytes: MANY } })
      .flatMap((line) => line.split(' '))
      .mapToPair((word) => [word, 1])
      .reduceByKey((a, b) => a + b)
      .map(([word, count]) => `${word} ${count}`)
      .saveAsTextFiles('counts')
  },
)
