import { appendFileSync } from 'node:fs'
import { isMainThread, threadId } from 'node:worker_threads'
import { milliseconds, stream } from 'millrace'

// Each process and thread that has this module leaves a line.
appendFileSync('loaded.txt', `${isMainThread ? 'main' : `thread ${threadId}`}\n`)

const trouble = process.env['TROUBLE']
if (trouble === 'changes' && isMainThread) appendFileSync(import.meta.filename, '// changed\n')
if (trouble === 'does not load' && !isMainThread) throw new Error('only the main thread')

const inThread = (): void => {
  if (trouble === 'ends') process.exit(3)
  if (trouble === 'hangs') for (;;) continue
}

/** Sums of lengths by the first word, divided by three: the last bits depend on the order. */
export default stream('threads', { batchInterval: milliseconds(50) }, (ssc) =>
  ssc
    .textFileStream('lines', { existing: 'all' })
    .map((line): [string, number] => {
      if (!isMainThread && trouble !== undefined) inThread()
      if (line.startsWith('bad')) throw new RangeError('a bad line')
      return [line.slice(0, line.indexOf(' ')), line.length / 3]
    })
    .reduceByKey((a, b) => a + b)
    .saveAsTextFiles('results'),
)
