import { milliseconds, stream } from 'millrace'
import { httpPosts } from 'millrace/http-source'

const secret = process.env['POSTS_SECRET']

/** Saves the total counts of words that were posted into `results`. */
export default stream('posts', { batchInterval: milliseconds(50) }, (ssc) => {
  const words = ssc
    .streamFrom(
      httpPosts('words', {
        records: 'lines',
        ...(secret === undefined ? {} : { secret: () => secret }),
      }),
    )
    .flatMap((line) => line.split(' '))
  words
    .mapToPair((word) => [word, 1])
    .updateStateByKey<number>((counts, total = 0) => total + counts.length)
    .saveAsTextFiles('s3://results/totals')
})
