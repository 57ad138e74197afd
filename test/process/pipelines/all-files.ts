import { milliseconds, stream } from 'millrace'

/** The pipeline `small-files` with another limit. */
export default stream('files', { batchInterval: milliseconds(50) }, (ssc) => {
  const limits = { bytes: 200 * 1024 * 1024, ratio: 2_000 }
  const lines = ssc.textFileStream('lines', { existing: 'all', limits })
  lines.saveAsTextFiles('s3://results/lines')
  lines.mapPartitions(() => [`memory ${process.resourceUsage().maxRSS} KiB`]).print()
})
