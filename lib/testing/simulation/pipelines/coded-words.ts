import { pairsText, randomLine, type SimulatedPipeline } from './pipeline.ts'

const STREAM = 'clicks'

/** About one line in ten is poison. */
const PREFIXES = [...Array<string>(9).fill(''), 'poison ']

/**
 * Counts words, with the name of the code that has seen them. Intake may combine them: then what
 * other code has made of a line shows.
 */
export const codedWords: SimulatedPipeline = {
  name: 'coded-words',
  streams: [STREAM],
  buckets: [],
  // No two lines are alike, so that each dead letter and its redriven record is known.
  line: (random, n) => `${random.pick(PREFIXES)}${randomLine(random)} ${n}`,
  isPoison: (line, code) => line.startsWith('poison') || (code === 'broken' && line.includes('e')),
  describe(ssc, { code }) {
    ssc
      .kinesisTextStream(STREAM)
      .map((line) => {
        if (codedWords.isPoison?.(line, code) === true) throw new Error('poison')
        return line
      })
      .flatMap((line) => line.split(' '))
      .mapToPair((word) => [`${code} ${word}`, 1])
      .reduceByKey((a, b) => a + b)
      .saveAsTextFiles('counts')
  },
  outputs({ lines, codes }) {
    const counts = new Map<string, number>()
    for (const [index, line] of (lines[STREAM] ?? []).entries())
      for (const word of line.split(' ')) {
        const key = `${codes[STREAM]?.[index]} ${word}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
    return { counts: pairsText(counts) }
  },
}
