import { milliseconds, stream } from 'millrace'
import { postgres } from 'millrace/postgres'

/**
 * Adds the word counts of each batch to the table `counts`, and keeps the total counts in the table
 * `totals`. A batch takes few files, so that there is a backlog.
 */
export default stream(
  'word-tables',
  { batchInterval: milliseconds(50), limits: { objects: 3 } },
  (ssc) => {
    const ones = ssc
      .textFileStream('lines', { existing: 'all' })
      .flatMap((line) => line.split(' '))
      .mapToPair((word) => [word, 1])
    ones
      .reduceByKey((a, b) => a + b, { partitions: 3 })
      .saveTo(
        postgres('scores', {
          table: 'counts',
          mode: 'append',
          row: ([word, n]) => ({ word, n }),
        }),
      )
    ones
      .updateStateByKey<number>((counts, total = 0) => total + counts.length)
      .saveTo(postgres('scores', { table: 'totals', key: 'word', value: 'n' }))
  },
)
