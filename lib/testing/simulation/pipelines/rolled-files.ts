import { batchesOfPeriod, collectedIn } from './periods.ts'
import { linesOf, type ModelBatch, randomLine, type SimulatedPipeline } from './pipeline.ts'

const STREAM = 'clicks'

const BYTES_MAX = 120

const textOf = (batch: ModelBatch): string =>
  linesOf(batch, [STREAM])
    .map((line) => `${line}\n`)
    .join('')

/** Lines of several batches in one file, by time and by size, though nothing comes in. */
export const rolledFiles: SimulatedPipeline = {
  name: 'rolled-files',
  streams: [STREAM],
  buckets: [],
  line: randomLine,
  storesAnew: true,
  restsUntilTimer: true,
  describe(ssc, { change, maybeThrow }) {
    const lines = ssc.kinesisTextStream(STREAM)
    lines
      .mapPartitions((some) => {
        maybeThrow()
        return some
      })
      .saveAsTextFiles('rolled', {
        every: lines.slideDuration.times(batchesOfPeriod(change)),
        maxBytes: BYTES_MAX,
      })
  },
  outputs(_, history, intervalMs) {
    const { written } = collectedIn(history, intervalMs, textOf, BYTES_MAX)
    return written === '' ? {} : { rolled: written }
  },
  nextMs: (history, intervalMs) => collectedIn(history, intervalMs, textOf, BYTES_MAX).endMs,
}
