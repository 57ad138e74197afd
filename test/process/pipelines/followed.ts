import { milliseconds, stream } from 'millrace'

/** Saves each line into `results`, in the order in which it was taken. */
export default stream('followed', { batchInterval: milliseconds(50) }, (ssc) => {
  ssc.textFileStream('lines').saveAsTextFiles('s3://results/lines')
})
