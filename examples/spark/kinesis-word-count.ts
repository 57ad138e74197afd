// Counts the words of the records of all shards of a stream of Kinesis. Spark: KinesisWordCountASL.
import { seconds, stream } from 'millrace'

export default stream('kinesis-word-count', { batchInterval: seconds(2) }, (ssc) => {
  ssc
    .kinesisTextStream('words')
    .flatMap((line) => line.split(' '))
    .mapToPair((word) => [word, 1])
    .reduceByKey((a, b) => a + b)
    .print()
})
