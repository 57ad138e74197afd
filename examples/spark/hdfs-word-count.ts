// Counts the words of new files in a directory, or in a bucket. Spark: HdfsWordCount.
import { seconds, stream } from 'millrace'

export default stream('hdfs-word-count', { batchInterval: seconds(2) }, (ssc) => {
  ssc
    .textFileStream('texts')
    .flatMap((line) => line.split(' '))
    .mapToPair((word) => [word, 1])
    .reduceByKey((a, b) => a + b)
    .print()
})
