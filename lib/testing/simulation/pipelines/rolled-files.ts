import { type History, linesOf, randomLine, type SimulatedPipeline } from './pipeline.ts'

const STREAM = 'clicks'

/** In batch intervals. The plan `stored` has shorter periods. */
const PERIOD = 5
const SHORTER = 2
const BYTES_MAX = 120

interface Rolls {
  /** The text of the files that the last batch writes, in order. */
  readonly written: string
  /** The end of the period of what waits after it. Undefined: nothing waits. */
  readonly endMs: number | undefined
}

/**
 * Each batch is put into the file of its period. A file ends with its period, when it is full, or
 * when the next batch would make it too large.
 */
const follow = (history: History, intervalMs: number): Rolls => {
  let file = { texts: [] as { readonly text: string; readonly timeMs: number }[], bytes: 0 }
  let endMs: number | undefined
  let written = ''
  for (const batch of history) {
    const { timeMs } = batch
    const periodMs = (batch.change === 'stored' ? SHORTER : PERIOD) * intervalMs
    const endOf = (ms: number): number => ms + ((periodMs - (ms % periodMs)) % periodMs)
    const close = (texts = file.texts): void => {
      written += texts.map(({ text }) => text).join('')
      file = { texts: file.texts.slice(texts.length), bytes: file.bytes }
      if (file.texts.length === 0) file.bytes = 0
    }
    written = ''
    const text = linesOf(batch, [STREAM])
      .map((line) => `${line}\n`)
      .join('')
    const bytes = Buffer.byteLength(text)
    // After a deployment with shorter periods, several of them may wait.
    while (file.texts[0] !== undefined) {
      const end = endOf(file.texts[0].timeMs)
      const older = file.texts.filter((one) => one.timeMs <= end)
      if (older.length === file.texts.length && timeMs <= end) break
      close(older)
    }
    if (bytes > 0) {
      if (file.texts.length > 0 && file.bytes + bytes > BYTES_MAX) close()
      file.texts.push({ text, timeMs })
      file.bytes += bytes
    }
    const [first] = file.texts
    if (first !== undefined && (endOf(first.timeMs) <= timeMs || file.bytes >= BYTES_MAX)) close()
    endMs = file.texts[0] && endOf(file.texts[0].timeMs)
  }
  return { written, endMs }
}

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
        every: lines.slideDuration.times(change === 'stored' ? SHORTER : PERIOD),
        maxBytes: BYTES_MAX,
      })
  },
  outputs(_, history, intervalMs) {
    const { written } = follow(history, intervalMs)
    return written === '' ? {} : { rolled: written }
  },
  nextMs: (history, intervalMs) => follow(history, intervalMs).endMs,
}
