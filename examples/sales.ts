import { seconds, stream } from 'millrace'
import { jsonLines } from 'millrace/formats'
import { csv } from 'millrace/formats/csv'

const sale = csv({ columns: { shop: 'text', price: 'number', at: 'date' } })

export default stream('sales', { batchInterval: seconds(10) }, (ssc) => {
  const sales = ssc.fileStream('drop', { format: sale, existing: 'all' })
  const totals = sales
    .mapToPair(({ shop, price }) => [shop, price ?? 0])
    .reduceByKey((a, b) => a + b)
    .map(([shop, total]) => ({ shop, total }))
  totals.print()
  totals.saveAsFiles('./out/sales/totals', { format: jsonLines(), skipEmpty: true })
})
