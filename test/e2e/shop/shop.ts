/**
 * Counts what was ordered, by requests such as `tea 2`, and what is in stock, by the changes of a
 * table.
 */
import { hours, seconds, stream } from 'millrace'
import { dynamodbStream } from 'millrace/dynamodb-streams'
import { httpPosts } from 'millrace/http-source'

const add = (counts: readonly number[], total = 0): number =>
  counts.reduce((sum, count) => sum + count, total)

// oxlint-disable-next-line import/no-default-export -- the module of a pipeline exports it so
export default stream('shop', { batchInterval: seconds(2), keepForReplay: hours(1) }, (ssc) => {
  ssc
    .streamFrom(httpPosts('orders', { records: 'lines' }))
    .mapToPair((order): [string, number] => {
      const [thing = '', count] = order.split(' ')
      return [thing, Number(count)]
    })
    .updateStateByKey<number>(add)
    .saveToTable('dynamodb://ordered')
  ssc
    .streamFrom(dynamodbStream('stock'))
    .mapToPair(({ keys, oldImage, newImage }): [string, number] => [
      String(keys['thing']),
      Number(newImage?.['units'] ?? 0) - Number(oldImage?.['units'] ?? 0),
    ])
    .updateStateByKey<number>(add)
    .saveToTable('dynamodb://stocked')
})
