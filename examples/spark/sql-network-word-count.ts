// Counts the words that a socket sends in each two seconds, in SQL. Spark: SqlNetworkWordCount.
import { seconds, stream } from 'millrace'
import 'millrace/sql'

export default stream('sql-network-word-count', { batchInterval: seconds(2) }, (ssc) => {
  ssc
    .socketTextStream('localhost', 9999)
    .flatMap((line) => line.split(' '))
    .sql<{ word: string; total: number }>(
      'select word, count(*) as total from words group by word order by word',
      { name: 'words', schema: { word: 'text' } },
    )
    .map(({ word, total }) => `${word}: ${total}`)
    .print()
})
