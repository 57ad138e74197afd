import { seconds, stream } from 'millrace'

/** Saves the text of each record. */
export default stream('clicks', { batchInterval: seconds(0.3) }, (ssc) => {
  ssc.kinesisTextStream('clicks').saveAsTextFiles('saved')
})
