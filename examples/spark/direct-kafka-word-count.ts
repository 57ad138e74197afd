// Counts the words of the records of a topic of Kafka. Spark: DirectKafkaWordCount.
import { seconds, stream } from 'millrace'
import { kafka } from 'millrace/kafka'

export default stream('direct-kafka-word-count', { batchInterval: seconds(2) }, (ssc) => {
  ssc
    .streamFrom(kafka('topic', { groupId: 'word-count' }))
    .flatMap((line) => line.split(' '))
    .mapToPair((word) => [word, 1])
    .reduceByKey((a, b) => a + b)
    .print()
})
