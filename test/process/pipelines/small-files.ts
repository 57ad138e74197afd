import { milliseconds, stream } from 'millrace'

/** Saves the lines of files of at most 100 MB. Prints the highest memory use of the process. */
export default stream('files', { batchInterval: milliseconds(50) }, (ssc) => {
  const limits = { bytes: 100 * 1024 * 1024, ratio: 2_000 }
  const lines = ssc.textFileStream('lines', { existing: 'all', limits })
  lines.saveAsTextFiles('s3://results/lines')
  lines.mapPartitions(() => [`memory ${process.resourceUsage().maxRSS} KiB`]).print()
})
