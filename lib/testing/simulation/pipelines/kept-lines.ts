import { minutes } from '../../../base/duration.ts'
import { linesOf, randomLine, type SimulatedPipeline } from './pipeline.ts'

const BUCKET = 'drops'

/**
 * The lines of objects, in order, with the name of the code that saw them. Nothing is reduced, so
 * executors write the outputs of large batches. A task has several parts of an output.
 */
export const keptLines: SimulatedPipeline = {
  name: 'kept-lines',
  streams: [],
  buckets: [BUCKET],
  line: randomLine,
  describe(ssc, { code }) {
    const lines = ssc.textFileStream(BUCKET, { listEvery: minutes(5) })
    lines.map((line) => `${code} ${line}`).saveAsTextFiles('lines')
    lines.filter((line) => line.startsWith('f')).saveAsTextFiles('some', { skipEmpty: true })
  },
  outputs(batch) {
    const lines = linesOf(batch, [BUCKET])
    const textOf = (some: readonly string[]): string => some.map((line) => `${line}\n`).join('')
    const some = lines.filter((line) => line.startsWith('f'))
    return {
      lines: textOf(lines.map((line) => `${batch.code} ${line}`)),
      ...(some.length === 0 ? {} : { some: textOf(some) }),
    }
  },
}
