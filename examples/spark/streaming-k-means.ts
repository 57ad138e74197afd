// Learns clusters from lines such as "[0.5, 1.2]", and tells the cluster of lines such as
// "(2, [0.4, 1.1])" with their label. Spark: StreamingKMeansExample.
import { seconds, stream } from 'millrace'
import { StreamingKMeans } from 'millrace/ml'

export default stream('streaming-k-means', { batchInterval: seconds(5) }, (ssc) => {
  const training = ssc
    .textFileStream('training', { existing: 'all' })
    .map((line) => JSON.parse(line) as number[])
  const test = ssc.textFileStream('test', { existing: 'all' }).map((line) => {
    const [label, features] = JSON.parse(`[${line.slice(1, -1)}]`) as [number, number[]]
    return [label, features] as const
  })
  const model = new StreamingKMeans()
    .setK(2)
    .setDecayFactor(1)
    .setRandomCenters(2, 0, 7)
    .named('clusters')
  model.trainOn(training)
  model.predictOnValues(test).print()
})
