import { milliseconds, stream } from 'millrace'

/** Throws on lines that contain "bad", in the intake stage. Saves the others. */
export default stream('picky', { batchInterval: milliseconds(50) }, (ssc) => {
  const lines = ssc.textFileStream('lines', { existing: 'all' }).map((line) => {
    if (line.includes('bad')) throw new TypeError(`not this one: ${line.slice(0, 20)}`)
    return `${line.length} ${line.slice(0, 20)}`
  })
  lines.saveAsTextFiles('s3://results/lines')
})
