import {
  countsIn,
  type History,
  pairsText,
  randomLine,
  type SimulatedPipeline,
} from './pipeline.ts'
import { lastWindow, nextWhileHeld, type Span } from './spans.ts'

const STREAM = 'clicks'
/** In batch intervals. */
const LENGTH = 2

/** What a line can do to the pipeline, by its first word. All of it shows before the shuffle. */
const BAD = ['throws', 'promise', 'pair', 'key', 'value', 'reducer'] as const
type Bad = (typeof BAD)[number]
/** About one line in eight is bad. */
const PREFIXES = [...Array<string>(42).fill(''), ...BAD.map((bad) => `${bad} `)]

const badnessOf = (line: string): Bad | undefined => BAD.find((bad) => line.startsWith(`${bad} `))

/** A class of the user: its instances cannot be keys. */
class Tag {}

/** The pairs of a line. The last of them are bad, so that the first ones could be counted. */
const pairsOf = (line: string): readonly (readonly [string, number])[] => {
  const pairs = line.split(' ').map((word): [string, number] => [word, 1])
  const bad = badnessOf(line)
  const last: readonly unknown[] =
    bad === 'pair'
      ? [null]
      : bad === 'key'
        ? [[new Tag(), 1]]
        : bad === 'value'
          ? [[line, () => 1]]
          : bad === 'reducer'
            ? [
                [line, 1],
                [line, 1n],
              ]
            : []
  return [...pairs, ...(last as typeof pairs)]
}

/** A line that nothing is wrong with, an error, or a promise that is rejected. */
const checked = (line: string): string => {
  const bad = badnessOf(line)
  if (bad === 'throws') throw new Error('bad line')
  return bad === 'promise' ? (Promise.reject(new Error('bad line')) as never) : line
}

const span = (intervalMs: number): Span => ({
  lengthMs: LENGTH * intervalMs,
  slideMs: intervalMs,
})

const countsOfWindow = (history: History, intervalMs: number): string =>
  pairsText(countsIn(lastWindow(history, span(intervalMs)), STREAM))

/** Counts words. Records are bad in every way that shows before a shuffle. */
export const badWords: SimulatedPipeline = {
  name: 'bad-words',
  streams: [STREAM],
  buckets: [],
  // No two lines are alike, so that each dead letter and its redriven record is known.
  line: (random, n) => `${random.pick(PREFIXES)}${randomLine(random)} ${n}`,
  isPoison: (line, code) =>
    badnessOf(line) !== undefined || (code === 'broken' && line.includes('e')),
  describe(ssc, { code }) {
    const lines = ssc.kinesisTextStream(STREAM)
    lines
      .map((line) => {
        if (code === 'broken' && line.includes('e')) throw new Error('broken')
        return checked(line)
      })
      .flatMap(pairsOf)
      .map((pair) => pair as [string, number])
      .reduceByKeyAndWindow((a, b) => a + b, lines.slideDuration.times(LENGTH))
      .saveAsTextFiles('counts')
  },
  outputs: (_, history, intervalMs) => ({ counts: countsOfWindow(history, intervalMs) }),
  nextMs: (history, intervalMs) => nextWhileHeld(history, [span(intervalMs)], intervalMs),
}
