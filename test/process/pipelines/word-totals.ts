import { milliseconds, stream } from 'millrace'

/**
 * Saves the word counts of each batch, and the total counts, into `results`. A batch takes few
 * files, so that there is a backlog.
 */
export default stream(
  'word-totals',
  { batchInterval: milliseconds(50), limits: { objects: 3 } },
  (ssc) => {
    const words = ssc
      .textFileStream('lines', { existing: 'all' })
      .flatMap((line) => line.split(' '))
    const ones = words.mapToPair((word) => [word, 1])
    ones.reduceByKey((a, b) => a + b).saveAsTextFiles('s3://results/batches')
    ones
      .updateStateByKey<number>((counts, total = 0) => total + counts.length)
      .saveAsTextFiles('s3://results/totals')
  },
)
