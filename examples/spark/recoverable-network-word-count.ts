// Counts the words that a socket sends, leaves some of them out, and writes the counts to files. It
// goes on where it was, whatever happens to its process: nothing has to be created again. `millrace
// status` tells how many words were left out. Spark: RecoverableNetworkWordCount.
import { seconds, stream } from 'millrace'

export default stream('recoverable-network-word-count', { batchInterval: seconds(1) }, (ssc) => {
  const excluded = ssc.broadcast(new Set(['a', 'b', 'c']))
  const dropped = ssc.longAccumulator('dropped-words')
  const counts = ssc
    .socketTextStream('localhost', 9999)
    .flatMap((line) => line.split(' '))
    .filter((word) => {
      if (!excluded.value.has(word)) return true
      dropped.add(1)
      return false
    })
    .mapToPair((word) => [word, 1])
    .reduceByKey((a, b) => a + b)
  counts.print()
  counts.saveAsTextFiles('out/counts')
})
