// Counts the last digits of numbers that are in memory, a thousand for each second. Spark:
// QueueStream.
import { seconds, stream } from 'millrace'

const thousand = Array.from({ length: 1_000 }, (_, at) => at + 1)

export default stream('queue-stream', { batchInterval: seconds(1) }, (ssc) => {
  ssc
    .queueStream([thousand, thousand, thousand])
    .mapToPair((number) => [number % 10, 1])
    .reduceByKey((a, b) => a + b)
    .print()
})
