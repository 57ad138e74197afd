import { seconds, stream } from 'millrace'

const add = (a: number, b: number) => a + b

export default stream('clicks', { batchInterval: seconds(10) }, (ssc) => {
  const lines = ssc
    .kinesisTextStream('clicks')
    .union(ssc.textFileStream('drop', { existing: 'all' }))
  const ones = lines.map((line) => line.split(' ')[0] ?? '').mapToPair((page) => [page, 1])
  ones.reduceByKey(add).print()

  const totals = ones
    .updateStateByKey<number>((counts, total = 0) => counts.reduce(add, total))
    .named('totals')
  totals.map(([page, total]) => `${page}: ${total} so far`).saveAsTextFiles('s3://results/totals')
})
