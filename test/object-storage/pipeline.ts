/** The pipeline of all scenarios: it counts the lines of the files of one source. */
import { type Pipeline, seconds, stream, type TextFileStreamOptions } from 'millrace'

/** A pipeline, and the lines that its batches had. */
export interface Counting {
  readonly pipeline: Pipeline
  readonly lines: () => readonly string[]
}

export const SOURCE = 'lines'

/** Lines longer than this are counted by their number of bytes. */
const SHOWN_MAX = 60

/** Lines of a large file, as one: there may be millions. */
const shortened = (line: string): string =>
  line.length > SHOWN_MAX ? `a line of ${line.length} bytes` : line

/** Counts the lines of each batch once, however often the batch is tried. */
export const countingPipeline = (app: string, options: TextFileStreamOptions): Counting => {
  const batches = new Map<number, readonly string[]>()
  const pipeline = stream(app, { batchInterval: seconds(1) }, (ssc) =>
    ssc
      .textFileStream(SOURCE, { stableFor: 0, ...options })
      .named(SOURCE)
      .foreachRDD(async (rdd, time) => {
        batches.set(time.milliseconds, (await rdd.collect()).map(shortened))
      }),
  )
  return { pipeline, lines: () => [...batches.values()].flat().toSorted() }
}
