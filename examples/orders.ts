// Counts the orders of a topic of Kafka by product. Each record is a line such as "tea".
import { seconds, stream } from 'millrace'
import { kafka } from 'millrace/kafka'

export default stream('orders', { batchInterval: seconds(1) }, (ssc) => {
  const counts = ssc
    .streamFrom(kafka('orders', { groupId: 'orders' }))
    .map((line) => line.trim())
    .filter((product) => product !== '')
    .map((product) => [product, 1] as const)
    .updateStateByKey<number>((ones, total = 0) => total + ones.length)
  counts.print()
  counts.saveAsTextFiles('s3://results/orders')
})
