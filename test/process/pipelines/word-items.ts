import { milliseconds, stream } from 'millrace'
import { dynamodb } from 'millrace/dynamodb'

/**
 * Puts the total counts into the table `totals`, and updates them in the table `counts`. A batch
 * takes few files, so that there is a backlog.
 */
export default stream(
  'word-items',
  { batchInterval: milliseconds(50), limits: { objects: 3 } },
  (ssc) => {
    const totals = ssc
      .textFileStream('lines', { existing: 'all' })
      .flatMap((line) => line.split(' '))
      .mapToPair((word) => [word, 1])
      .updateStateByKey<number>((counts, total = 0) => total + counts.length)
    totals.saveTo(dynamodb('totals', { partitionKey: 'word', value: 'n' }))
    totals.saveTo(
      dynamodb('counts', {
        partitionKey: 'kind',
        sortKey: 'word',
        mode: 'update',
        row: ([word, n]) => ({ kind: 'words', word, n }),
      }),
    )
  },
)
