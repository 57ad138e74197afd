// Counts the lines with "the" that several sockets send. Spark: RawNetworkGrep. A raw stream of
// Spark has blocks that only Spark writes; these are lines of text.
import { seconds, stream } from 'millrace'

const ports = [9_999, 9_998, 9_997]

export default stream('raw-network-grep', { batchInterval: seconds(1) }, (ssc) => {
  const [first, ...others] = ports.map((port) => ssc.socketTextStream('localhost', port))
  if (first === undefined) return
  ssc
    .union(first, ...others)
    .filter((line) => line.includes('the'))
    .count()
    .map((lines) => `${lines} lines with "the"`)
    .print()
})
