import { milliseconds, stream } from 'millrace'

/** Counts words, and prints how many there are, and the highest memory use of the process. */
export default stream('many-words', { batchInterval: milliseconds(50) }, (ssc) => {
  const counts = ssc
    .textFileStream('lines', { existing: 'all' })
    .flatMap((line) => line.split(' '))
    .mapToPair((word) => [word, 1])
    .reduceByKey((a, b) => a + b)
  counts
    .map(([, count]) => count)
    .mapPartitions((all) => {
      const words = [...all].length
      return [`words ${words}, memory ${process.resourceUsage().maxRSS} KiB`]
    })
    .print()
})
