/** The measured pipeline: the part of `examples/clicks.ts` that reads the stream. */
import { type Duration, type Pipeline, seconds, stream } from 'millrace'

const add = (a: number, b: number): number => a + b

/** The pipeline with a given batch interval. */
export const pageCounts = (batchInterval: Duration): Pipeline =>
  stream('clicks', { batchInterval }, (ssc) => {
    const pages = ssc.kinesisTextStream('clicks').map((line) => line.split(' ')[0] ?? '')
    const ones = pages.mapToPair((page) => [page, 1])
    ones.reduceByKey(add).print()

    const totals = ones
      .updateStateByKey<number>((counts, total = 0) => counts.reduce(add, total))
      .named('totals')
    totals.map(([page, total]) => `${page}: ${total} so far`).saveAsTextFiles('s3://results/totals')
  })

export default pageCounts(seconds(10))
