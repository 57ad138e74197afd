// Learns from lines such as "(1.5,[0.2,0.3])", a label and its features, and shows labels beside
// what was predicted for them. Spark: StreamingLinearRegressionExample and
// StreamingLogisticRegression.
import { seconds, stream } from 'millrace'
import { StreamingLinearRegressionWithSGD, StreamingLogisticRegressionWithSGD } from 'millrace/ml'

const pointIn = (line: string) => {
  const [label, features] = JSON.parse(`[${line.slice(1, -1)}]`) as [number, number[]]
  return { label, features }
}

export default stream('streaming-regressions', { batchInterval: seconds(5) }, (ssc) => {
  const training = ssc.textFileStream('training', { existing: 'all' }).map(pointIn)
  const test = ssc.textFileStream('test', { existing: 'all' }).map(pointIn)
  const labelled = test.map(({ label, features }) => [label, features] as const)

  const linear = new StreamingLinearRegressionWithSGD().setInitialWeights([0, 0]).named('linear')
  linear.trainOn(training)
  linear.predictOnValues(labelled).print('linear')

  const classes = training.map(({ label, features }) => ({ label: label > 0 ? 1 : 0, features }))
  const logistic = new StreamingLogisticRegressionWithSGD().setInitialWeights([0, 0])
  logistic.named('logistic').trainOn(classes)
  logistic.predictOnValues(labelled).print('logistic')
})
