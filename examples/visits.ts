// Counts visits by page. Each line of a request is a page, such as "/home".
import { seconds, stream } from 'millrace'
import { httpPosts } from 'millrace/http-source'

export default stream('visits', { batchInterval: seconds(1) }, (ssc) => {
  ssc
    .streamFrom(httpPosts('visits', { records: 'lines' }))
    .map((line) => line.trim())
    .filter((page) => page !== '')
    .map((page) => [page, 1] as const)
    .updateStateByKey<number>((ones, total = 0) => total + ones.length)
    .print()
})
