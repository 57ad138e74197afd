import { milliseconds, stream } from 'millrace'

/** Prints lines as they are. Throws on lines with "bad"; a line "fail" fails the batch. */
const options = { batchInterval: milliseconds(50), retry: { attempts: 1, for: milliseconds(1) } }

export default stream('hostile', options, (ssc) => {
  const lines = ssc.textFileStream('lines', { existing: 'all' }).map((line) => {
    if (line.includes('bad')) throw new TypeError(`not this one: ${line}`)
    return line
  })
  lines.print()
  lines.foreachRDD(async (rdd) => {
    for (const line of await rdd.collect())
      if (line.includes('fail')) throw new RangeError(`no output of ${line}`)
  })
})
