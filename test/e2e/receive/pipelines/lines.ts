import { seconds, stream } from 'millrace'

/** What batches have taken, in the process that runs them: by batch time, in its last attempt. */
export const taken: Map<number, readonly string[]> = new Map()

/** Takes lines. */
export default stream('received-lines', { batchInterval: seconds(0.5) }, (ssc) => {
  ssc.textFileStream('lines').foreachRDD(async (rdd, time) => {
    taken.set(time.milliseconds, await rdd.collect())
  })
})
