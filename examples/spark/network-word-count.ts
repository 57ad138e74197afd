// Counts the words that a socket sends in each second. Spark: NetworkWordCount.
import { seconds, stream } from 'millrace'

export default stream('network-word-count', { batchInterval: seconds(1) }, (ssc) => {
  ssc
    .socketTextStream('localhost', 9999)
    .flatMap((line) => line.split(' '))
    .mapToPair((word) => [word, 1])
    .reduceByKey((a, b) => a + b)
    .print()
})
