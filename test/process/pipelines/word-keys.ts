import { milliseconds, stream } from 'millrace'
import { redis, redisSortedSet } from 'millrace/redis'

/**
 * Keeps the total counts in keys, and in a sorted set. A batch takes few files, so that there is a
 * backlog.
 */
export default stream(
  'word-keys',
  { batchInterval: milliseconds(50), limits: { objects: 3 } },
  (ssc) => {
    const totals = ssc
      .textFileStream('lines', { existing: 'all' })
      .flatMap((line) => line.split(' '))
      .mapToPair((word) => [word, 1])
      .updateStateByKey<number>((counts, total = 0) => total + counts.length)
    totals.saveTo(redis('scores', { prefix: 'totals:' }))
    totals.saveTo(redisSortedSet('scores', 'counts'))
  },
)
