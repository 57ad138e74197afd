import { milliseconds, stream } from 'millrace'

/** Prints lines. */
export default stream('printed', { batchInterval: milliseconds(50) }, (ssc) =>
  ssc.textFileStream('lines', { existing: 'all' }).print(),
)
