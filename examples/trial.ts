// Tries a window out on numbers in memory: the sum of the last three batches. Such a pipeline keeps
// nothing, so each run begins anew.
import { seconds, stream } from 'millrace'

export default stream('trial', { batchInterval: seconds(1) }, (ssc) => {
  ssc
    .queueStream([[1, 2], [10], [], [100, 200]])
    .reduceByWindow((a, b) => a + b, seconds(3), seconds(1))
    .print()
})
