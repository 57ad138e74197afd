// Counts the words of the last 30 seconds, every 10 seconds. What leaves the window is subtracted.
// Spark: reduceByKeyAndWindow of its guide.
import { seconds, stream } from 'millrace'

export default stream('windowed-word-count', { batchInterval: seconds(1) }, (ssc) => {
  ssc
    .socketTextStream('localhost', 9999)
    .flatMap((line) => line.split(' '))
    .mapToPair((word) => [word, 1])
    .reduceByKeyAndWindow(
      (a, b) => a + b,
      (a, b) => a - b,
      seconds(30),
      seconds(10),
      { filter: (_, count) => count > 0 },
    )
    .print()
})
