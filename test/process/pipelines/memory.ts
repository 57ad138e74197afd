import { milliseconds, stream } from 'millrace'

/** Prints the lines, and the highest memory use of the process. */
export default stream('memory', { batchInterval: milliseconds(50) }, (ssc) => {
  const lines = ssc.textFileStream('lines', { existing: 'all' })
  lines.print()
  lines.mapPartitions(() => [`memory ${process.resourceUsage().maxRSS} KiB`]).print()
})
