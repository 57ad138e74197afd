// Keeps the catalogue of a shop. A supplier sends its products as one JSON document, some levels
// deep. The warehouse sends JSON lines with what it has. A file of SQLite has the newest of both,
// and an archive keeps each delivery as it came.
import { seconds, stream } from 'millrace'
import { jsonDocuments, jsonLines } from 'millrace/formats'
import { sqlite } from 'millrace/sqlite'

interface Product {
  readonly sku: string
  readonly name: string
  readonly price: number
}

interface Stock {
  readonly sku: string
  readonly pieces: number
}

export default stream('catalogue', { batchInterval: seconds(10) }, (ssc) => {
  const products = ssc.fileStream('feed', {
    format: jsonDocuments<Product>({ at: 'response.products' }),
    existing: 'all',
  })
  const stock = ssc.fileStream('stock', { format: jsonLines<Stock>(), existing: 'all' })

  products.saveTo(sqlite('catalogue', { table: 'products', key: 'sku' }))
  stock.saveTo(sqlite('catalogue', { table: 'stock', key: 'sku' }))
  products.saveAsObjectFiles('archive/products')
})
