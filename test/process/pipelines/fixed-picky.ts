import { milliseconds, stream } from 'millrace'

/** The pipeline `picky` after its code was fixed. */
export default stream('picky', { batchInterval: milliseconds(50) }, (ssc) => {
  const lines = ssc
    .textFileStream('lines', { existing: 'all' })
    .map((line) => `${line.length} ${line.slice(0, 20)}`)
  lines.saveAsTextFiles('s3://results/lines')
})
