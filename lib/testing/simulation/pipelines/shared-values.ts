import { milliseconds } from '../../../base/duration.ts'
import {
  countsIn,
  type History,
  linesOf,
  pairsText,
  randomLine,
  type SimulatedPipeline,
  wordsOf,
} from './pipeline.ts'

const STREAM = 'clicks'
/** How many lines the collection keeps. */
const KEPT = 3
/** How long a version of the mark is used, in batch intervals. */
const MARK_INTERVALS = 2

/** About one line in ten is poison. */
const PREFIXES = [...Array<string>(9).fill(''), 'poison ']

const allLines = (history: History): readonly string[] =>
  history.flatMap((batch) => linesOf(batch, [STREAM]))

/**
 * Counts lines and words in accumulators, in functions that run more than once in a batch: two
 * outputs compute their stream, and a later function throws on some lines. Each line is marked with
 * a broadcast value, which is another one each time a process loads it.
 */
export const sharedValues: SimulatedPipeline = {
  name: 'shared-values',
  streams: [STREAM],
  buckets: [],
  // No two lines are alike, so that each dead letter and its redriven record is known.
  line: (random, n) => `${random.pick(PREFIXES)}${randomLine(random)} ${n}`,
  isPoison: (line, code) => line.startsWith('poison') || (code === 'broken' && line.includes('e')),
  describe(ssc, { code, maybeThrow }) {
    const lines = ssc.longAccumulator('lines')
    const words = ssc.doubleAccumulator('words')
    const outputs = ssc.longAccumulator('outputs')
    const last = ssc.collectionAccumulator<string>('last', { max: KEPT })
    let loads = 0
    const mark = ssc.broadcast<{ readonly of: string }>('mark', {
      load: async () => {
        maybeThrow()
        return { of: `${code}${(loads += 1)}` }
      },
      every: milliseconds(MARK_INTERVALS * ssc.intervalMs),
    })
    const good = ssc
      .kinesisTextStream(STREAM)
      .map((line) => {
        lines.add(1)
        last.add(line)
        return line
      })
      .map((line) => {
        if (sharedValues.isPoison?.(line, code) === true) throw new Error('poison')
        return line
      })
    good.map((line) => `${mark.value.of} ${line}`).saveAsTextFiles('marked')
    good
      .flatMap((line) => line.split(' '))
      .mapToPair((word): [string, number] => [word, 1])
      .updateStateByKey<number>(
        (ones, total = 0) => {
          for (const one of ones) words.add(one / 2)
          return total + ones.length
        },
        { partitions: 2 },
      )
      .named('totals')
      .print()
    good.foreachRDD(async (rdd) => {
      await rdd.foreach(() => outputs.add(1))
      maybeThrow()
    })
  },
  outputs: (batch) => ({
    marked: linesOf(batch, [STREAM])
      .map((line) => `${(batch.values['mark'] as { readonly of: string }).of} ${line}\n`)
      .join(''),
  }),
  states: (history) => ({ totals: pairsText(countsIn(history, STREAM)) }),
  accumulators: (history) => ({
    lines: allLines(history).length,
    outputs: allLines(history).length,
    words: wordsOf(allLines(history)).length / 2,
    last: allLines(history).slice(-KEPT),
  }),
}
