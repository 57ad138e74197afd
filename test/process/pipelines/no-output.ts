import { seconds, stream } from 'millrace'

export default stream('no-output', { batchInterval: seconds(1) }, (ssc) => {
  ssc.textFileStream('lines').map((line) => line.length)
})
