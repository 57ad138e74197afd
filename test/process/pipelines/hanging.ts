import { milliseconds, stream } from 'millrace'

/** A batch with a line in it never ends. */
export default stream('hanging', { batchInterval: milliseconds(50) }, (ssc) => {
  ssc.textFileStream('lines', { existing: 'all' }).foreachRDD(async (rdd) => {
    if ((await rdd.count()) > 0) await new Promise((resolve) => setInterval(resolve, 2 ** 30))
  })
})
