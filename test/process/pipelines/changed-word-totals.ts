import { milliseconds, stream } from 'millrace'

/**
 * The pipeline of word-totals.ts with another name for its state. It does not fit the store of that
 * pipeline.
 */
export default stream('word-totals', { batchInterval: milliseconds(50) }, (ssc) => {
  const ones = ssc.textFileStream('lines', { existing: 'all' }).mapToPair((line) => [line, 1])
  ones
    .updateStateByKey<number>((counts, total = 0) => total + counts.length)
    .named('renamed')
    .print()
})
