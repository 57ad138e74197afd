import { hours, milliseconds, stream } from 'millrace'

/** Counts lines. Puts those with "bad" aside. One of its outputs fails on "fatal". */
export default stream(
  'troubled',
  {
    batchInterval: milliseconds(50),
    retry: { attempts: 1, for: milliseconds(1) },
    keepForReplay: hours(1),
  },
  (ssc) => {
    const totals = ssc
      .textFileStream('lines', { existing: 'all' })
      .mapToPair((line): [string, number] => {
        if (line.includes('bad')) throw new TypeError(`not this one: ${line}`)
        return [line, 1]
      })
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
      .named('totals')
    totals.saveAsTextFiles('s3://results/totals')
    totals.foreachRDD(async (rdd) => {
      if ((await rdd.collect()).some(([line]) => line === 'fatal')) throw new Error('refused')
    })
  },
)
