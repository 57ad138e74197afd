/** The measured pipelines: they count the words of each batch, and write them to a bucket. */
import { type Duration, type Pipeline, stream, type StreamOptions } from 'millrace'

/** Wide, so that a case does not first have to grow from the default limits. */
const LIMITS = { records: 4_000_000, bytes: 512 * 1024 * 1024 }

/** How much of a word is its key: all of it, or its last digits, of which there are 1,000. */
const keyOf = (keys: Keys, word: string): string => (keys === 'groups' ? word.slice(-3) : word)

/**
 * What is counted. `words`: some 100,000 words, which hardly repeat in what intake gets at a time.
 * `groups`: 1,000 groups of them.
 */
export type Keys = 'words' | 'groups'

/** The pipeline with a given batch interval. */
export const wordCount = (
  batchInterval: Duration,
  keys: Keys,
  sourceStage: NonNullable<StreamOptions['sourceStage']>,
): Pipeline =>
  stream('words', { batchInterval, limits: LIMITS, sourceStage }, (ssc) =>
    ssc
      .kinesisTextStream('lines')
      .flatMap((line) => line.split(' '))
      .mapToPair((word) => [keyOf(keys, word), 1])
      .reduceByKey((a, b) => a + b)
      .saveAsTextFiles('s3://results/counts'),
  )

/** The id of its source. */
export const SOURCE = 'kinesisTextStream-1'
