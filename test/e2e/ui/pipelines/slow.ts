import { setTimeout } from 'node:timers/promises'
import { seconds, stream } from 'millrace'

/** Its output takes longer than the interval, and longer with each batch. */
export default stream('orders-by-shop', { batchInterval: seconds(1) }, (ssc) => {
  const orders = ssc.textFileStream('orders').map((line) => line.split(','))
  const byShop = orders.mapToPair(([shop = '', amount = '0']) => [shop, Number(amount)])
  const totals = byShop.updateStateByKey<number>((values, total = 0) =>
    values.reduce((sum, value) => sum + value, total),
  )
  let batches = 0
  totals.foreachRDD(async () => {
    batches += 1
    await setTimeout(batches < 12 ? 150 + 40 * (batches % 4) : 1_250 + 90 * (batches % 5))
  })
})
