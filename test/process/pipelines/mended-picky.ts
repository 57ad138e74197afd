import { milliseconds, stream } from 'millrace'

/** What `picky` is when its code is mended. */
export default stream('picky', { batchInterval: milliseconds(50) }, (ssc) => {
  const lines = ssc
    .textFileStream('lines', { existing: 'all' })
    .map((line) => `${line.length} ${line.slice(0, 20)}`)
  lines.saveAsTextFiles('s3://results/lines')
})
