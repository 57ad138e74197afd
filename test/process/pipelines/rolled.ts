import { hours, seconds, stream } from 'millrace'

/** Collects the lines of a day in one file. */
export default stream('rolled', { batchInterval: seconds(10) }, (ssc) => {
  ssc.textFileStream('lines').saveAsTextFiles('results/lines', { every: hours(24) })
})
