import { linesOf, randomLine, type SimulatedPipeline } from './pipeline.ts'

const STREAM = 'clicks'

/** About one line in ten is poison, and one in twenty is no text. */
const PREFIXES = [...Array<string>(16).fill(''), 'poison ', 'poison ', 'garbled ']

/**
 * No state: each line is kept in order, with the name of the code that saw it. A function throws on
 * some lines, some are no text, and broken code throws on most.
 */
export const plainLines: SimulatedPipeline = {
  name: 'plain-lines',
  streams: [STREAM],
  buckets: [],
  // No two lines are alike, so that each dead letter and its redriven record is known.
  line: (random, n) => `${random.pick(PREFIXES)}${randomLine(random)} ${n}`,
  isPoison: (line, code) => line.startsWith('poison') || (code === 'broken' && line.includes('e')),
  describe(ssc, { code }) {
    ssc
      .kinesisTextStream(STREAM)
      .map((line) => {
        if (plainLines.isPoison?.(line, code) === true) throw new Error('poison')
        return `${code} ${line}`
      })
      .saveAsTextFiles('lines')
  },
  outputs: (batch) => ({
    lines: linesOf(batch, [STREAM])
      .map((line) => `${batch.code} ${line}\n`)
      .join(''),
  }),
}
