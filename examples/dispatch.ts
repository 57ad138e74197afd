// Hands orders on. Each message of a queue is an order. The warehouse packs those of a customer one
// after the other, the team hears of large ones, other services get an event for each, and a stream
// gets the revenue by country. What is no order is put aside.
import { seconds, stream } from 'millrace'
import { eventbridge } from 'millrace/eventbridge'
import { json } from 'millrace/formats'
import { kinesis } from 'millrace/kinesis'
import { sns } from 'millrace/sns'
import { sqs } from 'millrace/sqs'
import { z } from 'zod'

const Item = z.object({
  product: z.string(),
  price: z.number().nonnegative(),
  count: z.number().int().positive().default(1),
})
const Order = z.object({
  id: z.string(),
  customer: z.string(),
  country: z.string().length(2),
  items: z.array(Item).min(1),
})

const LARGE = 500
const add = (a: number, b: number) => a + b

export default stream('dispatch', { batchInterval: seconds(1) }, (ssc) => {
  const orders = ssc
    .sqsTextStream('orders')
    .decode(json())
    .validate(Order)
    .map((order) => ({
      ...order,
      total: order.items.map(({ price, count }) => price * count).reduce(add),
    }))

  orders.saveTo(
    sqs('packing', {
      body: ({ id, items }) => JSON.stringify({ id, items }),
      key: ({ customer }) => customer,
    }),
  )
  orders
    .filter(({ total }) => total >= LARGE)
    .saveTo(
      sns('alerts', {
        body: ({ id, customer, total }) => `Order ${id} of ${customer}: ${total}`,
        subject: ({ id }) => `Large order ${id}`,
        attributes: ({ country, total }) => ({ country, total }),
      }),
    )
  orders.saveTo(
    eventbridge('shop', {
      source: 'com.example.shop',
      detailType: 'Order placed',
      detail: ({ id, customer, total }) => ({ id, customer, total }),
    }),
  )
  orders
    .mapToPair(({ country, total }) => [country, total])
    .reduceByKey(add)
    .saveTo(
      kinesis('revenue', {
        body: ([country, total]) => JSON.stringify({ country, total }),
        key: ([country]) => country,
        idField: 'id',
      }),
    )
})
