/**
 * Counts lines by their first word, over a stream and files together. It also counts the different
 * lines of the stream in each batch: a task of that has a result as large as its input.
 */
import { seconds, stream } from 'millrace'

const add = (a: number, b: number): number => a + b

// oxlint-disable-next-line import/no-default-export -- the module of a pipeline exports it so
export default stream('tally', { batchInterval: seconds(2) }, (ssc) => {
  const clicks = ssc.kinesisTextStream('clicks')
  clicks
    .union(ssc.textFileStream('drop', { existing: 'all' }))
    .mapToPair((line): [string, number] => [line.slice(0, line.indexOf(' ')), 1])
    .updateStateByKey<number>((counts, total = 0) => counts.reduce(add, total), { partitions: 5 })
    .map(([word, total]) => `${word}: ${total} so far`)
    .saveAsTextFiles('s3://results/totals')
  clicks
    .mapToPair((line): [string, number] => [line, 1])
    .reduceByKey(add)
    .map(([, times]): [number, number] => [1, times])
    .reduce(([lines1, times1], [lines2, times2]) => [lines1 + lines2, Math.max(times1, times2)])
    .map(([different, times]) => `${different} ${times}`)
    .saveAsTextFiles('s3://results/different')
})
