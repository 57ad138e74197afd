// Tests in each batch whether two groups have the same mean. A line is "true,3.5": whether the
// value is of the experiment, and the value. Spark: StreamingTestExample.
import { seconds, stream } from 'millrace'
import { StreamingTest } from 'millrace/ml'

export default stream('streaming-test', { batchInterval: seconds(1) }, (ssc) => {
  const samples = ssc.textFileStream('samples', { existing: 'all' }).map((line) => {
    const [group, value] = line.split(',')
    return { isExperiment: group === 'true', value: Number(value) }
  })
  new StreamingTest()
    .setPeacePeriod(0)
    .setWindowSize(0)
    .setTestMethod('welch')
    .registerStream(samples)
    .map(({ pValue, statistic }) => `p ${pValue.toFixed(4)}, t ${statistic.toFixed(2)}`)
    .print()
})
