/**
 * Counts how many of each thing were ordered. Messages such as `tea 2` come from a queue; the
 * totals go to a table.
 */
import { seconds, stream } from 'millrace'

// oxlint-disable-next-line import/no-default-export -- the module of a pipeline exports it so
export default stream('orders', { batchInterval: seconds(2) }, (ssc) => {
  ssc
    .sqsTextStream('orders')
    .mapToPair((order): [string, number] => {
      const [thing = '', count] = order.split(' ')
      return [thing, Number(count)]
    })
    .updateStateByKey<number>((counts, total = 0) =>
      counts.reduce((sum, count) => sum + count, total),
    )
    .saveToTable('dynamodb://totals')
})
