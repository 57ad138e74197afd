// Keeps the stock of each product by the changes of a table of orders, in another table. An order
// has a product and a count, and the stream of the table has both images.
import { seconds, stream } from 'millrace'
import { dynamodb } from 'millrace/dynamodb'
import { type DynamodbChange, dynamodbStream } from 'millrace/dynamodb-streams'

/** How many pieces of a product an image of an order stands for. */
const piecesIn = (image: DynamodbChange['newImage']): readonly (readonly [string, number])[] =>
  image === undefined ? [] : [[String(image['product']), Number(image['count'])]]

export default stream('stock', { batchInterval: seconds(1) }, (ssc) => {
  const ordered = ssc
    .streamFrom(dynamodbStream('orders'))
    // An order that is changed gives back what it had, and takes what it has now.
    .flatMap(({ oldImage, newImage }) => [
      ...piecesIn(oldImage).map(([product, count]) => [product, -count] as const),
      ...piecesIn(newImage),
    ])
    .updateStateByKey<number>((counts, total = 0) => counts.reduce((sum, one) => sum + one, total))
  ordered.print()
  ordered.saveTo(dynamodb('stock', { partitionKey: 'product', value: 'ordered' }))
})
