import type { PlanChange } from '../environment.ts'
import type { History, ModelBatch } from './pipeline.ts'

/** In batch intervals. The plan `stored` has shorter periods. */
const PERIOD = 5
const SHORTER = 2

/** How many batches share a file. */
export const batchesOfPeriod = (change: PlanChange): number =>
  change === 'stored' ? SHORTER : PERIOD

/** What becomes of batches that are collected. */
interface Collected {
  /** The text of the files that the last batch writes, in order. */
  readonly written: string
  /** The end of the period of what waits after it. Undefined: nothing waits. */
  readonly endMs: number | undefined
}

/**
 * Each batch is put into the file of its period. A file ends with its period, when it is full, or
 * when the next batch would make it too large.
 */
export const collectedIn = (
  history: History,
  intervalMs: number,
  textOf: (batch: ModelBatch) => string,
  bytesMax: number = Infinity,
): Collected => {
  let file = { texts: [] as { readonly text: string; readonly timeMs: number }[], bytes: 0 }
  let endMs: number | undefined
  let written = ''
  for (const batch of history) {
    const { timeMs } = batch
    const periodMs = batchesOfPeriod(batch.change) * intervalMs
    const endOf = (ms: number): number => ms + ((periodMs - (ms % periodMs)) % periodMs)
    const close = (texts = file.texts): void => {
      written += texts.map(({ text }) => text).join('')
      file = { texts: file.texts.slice(texts.length), bytes: file.bytes }
      if (file.texts.length === 0) file.bytes = 0
    }
    written = ''
    const text = textOf(batch)
    const bytes = Buffer.byteLength(text)
    // After a deployment with shorter periods, several of them may wait.
    while (file.texts[0] !== undefined) {
      const end = endOf(file.texts[0].timeMs)
      const older = file.texts.filter((one) => one.timeMs <= end)
      if (older.length === file.texts.length && timeMs <= end) break
      close(older)
    }
    if (bytes > 0) {
      if (file.texts.length > 0 && file.bytes + bytes > bytesMax) close()
      file.texts.push({ text, timeMs })
      file.bytes += bytes
    }
    const [first] = file.texts
    if (first !== undefined && (endOf(first.timeMs) <= timeMs || file.bytes >= bytesMax)) close()
    endMs = file.texts[0] && endOf(file.texts[0].timeMs)
  }
  return { written, endMs }
}
