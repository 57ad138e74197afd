import { hours, seconds, stream } from 'millrace'

/** Totals of words. What a replay needs is kept. */
export default stream(
  'kept-totals',
  { batchInterval: seconds(1), keepForReplay: hours(1) },
  (ssc) => {
    const totals = ssc
      .textFileStream('lines', { existing: 'all' })
      .flatMap((line) => line.split(' '))
      .mapToPair((word): [string, number] => [word, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
      .named('totals')
    totals.saveAsTextFiles('results/totals')
    totals.print()
  },
)
