import { milliseconds, stream } from 'millrace'

/** Saves the total count of every line into `results`. */
export default stream('line-totals', { batchInterval: milliseconds(50) }, (ssc) => {
  const ones = ssc.textFileStream('lines').mapToPair((line) => [line, 1])
  ones
    .updateStateByKey<number>((counts, total = 0) => total + counts.length)
    .saveAsTextFiles('s3://results/totals')
})
