import { seconds, stream, type Pipeline } from 'millrace'

const pipeline: Pipeline = stream('clicks-of-the-test', { batchInterval: seconds(1) }, (ssc) => {
  ssc.kinesisTextStream('clicks').print()
})

export default pipeline
