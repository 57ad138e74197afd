/** The measured pipeline: counts the words of each batch, and writes them to a bucket. */
import { type Duration, type Pipeline, stream } from 'millrace'

/** The pipeline with a given batch interval. */
export const wordCount = (batchInterval: Duration): Pipeline =>
  stream('words', { batchInterval }, (ssc) =>
    ssc
      .kinesisTextStream('lines')
      .flatMap((line) => line.split(' '))
      .mapToPair((word) => [word, 1])
      .reduceByKey((a, b) => a + b)
      .saveAsTextFiles('s3://results/counts'),
  )

/** The id of its source. */
export const SOURCE = 'kinesisTextStream-1'
