// Tells which words of the last five seconds are the happiest: how often a word came, times what
// the list says of it. Spark: network_wordjoinsentiments.py.
import { parallelize, seconds, stream } from 'millrace'

const sentiments: readonly (readonly [word: string, value: number])[] = [
  ['outstanding', 5],
  ['happy', 3],
  ['good', 3],
  ['fine', 2],
  ['bad', -3],
]

export default stream('network-word-join-sentiments', { batchInterval: seconds(5) }, (ssc) => {
  ssc
    .socketTextStream('localhost', 9999)
    .flatMap((line) => line.split(' '))
    .map((word): [string, number] => [word, 1])
    .reduceByKey((a, b) => a + b)
    .transform(
      (counts) =>
        counts
          .join(parallelize(sentiments))
          .mapValues(([count, value]) => count * value)
          .sortBy(([, happiness]) => happiness, { ascending: false }),
      { pure: true },
    )
    .map(([word, happiness]) => `${word} (${happiness} happiness)`)
    .print(5)
})
