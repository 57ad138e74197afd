/** The measured pipeline: counts the words of each batch, and writes them to a bucket. */
import { type Duration, type Pipeline, stream } from 'millrace'

/** Wide, so that a case does not first have to grow from the default limits. */
const LIMITS = { records: 4_000_000, bytes: 512 * 1024 * 1024 }

/** The pipeline with a given batch interval. */
export const wordCount = (batchInterval: Duration): Pipeline =>
  stream('words', { batchInterval, limits: LIMITS }, (ssc) =>
    ssc
      .kinesisTextStream('lines')
      .flatMap((line) => line.split(' '))
      .mapToPair((word) => [word, 1])
      .reduceByKey((a, b) => a + b)
      .saveAsTextFiles('s3://results/counts'),
  )

/** The id of its source. */
export const SOURCE = 'kinesisTextStream-1'
