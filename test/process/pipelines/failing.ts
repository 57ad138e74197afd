import { milliseconds, stream } from 'millrace'

/** An output that always fails. */
export default stream(
  'failing',
  { batchInterval: milliseconds(50), retry: { attempts: 1, for: milliseconds(1) } },
  (ssc) => {
    ssc.textFileStream('lines', { existing: 'all' }).foreachRDD(async (rdd) => {
      if ((await rdd.count()) > 0) throw new Error('connection refused')
    })
  },
)
