import { countsIn, pairsText, randomLine, type SimulatedPipeline, wordCounts } from './pipeline.ts'
import { lastWindow, nextWhileHeld, type Span } from './spans.ts'

const CLICKS = 'clicks'
const VIEWS = 'views'

/** In batch intervals. */
const LENGTH = 4

const within = (intervalMs: number): Span => ({
  lengthMs: LENGTH * intervalMs,
  slideMs: intervalMs,
})

type Sides = readonly [left: number | undefined, right: number | undefined]

const sidesText = ([left, right]: Sides): string => `${left ?? '-'}:${right ?? '-'}`

/** Two streams, joined within one batch and within a window. */
export const joins: SimulatedPipeline = {
  name: 'joins',
  streams: [CLICKS, VIEWS],
  buckets: [],
  line: randomLine,
  describe(ssc, { maybeThrow }) {
    const clicks = wordCounts(ssc.kinesisTextStream(CLICKS))
    const views = wordCounts(ssc.kinesisTextStream(VIEWS))
    clicks.fullOuterJoin(views).mapValues(sidesText).saveAsTextFiles('together')
    const length = clicks.slideDuration.times(LENGTH)
    const add = (a: number, b: number): number => {
      maybeThrow()
      return a + b
    }
    clicks
      .reduceByKeyAndWindow(add, length)
      .join(views.reduceByKeyAndWindow(add, length), { partitions: 2 })
      .mapValues(sidesText)
      .reduceByKey((a) => a)
      .saveAsTextFiles('within')
  },
  outputs(batch, history, intervalMs) {
    const sides = (batches: typeof history): readonly (readonly [string, Sides])[] => {
      const [left, right] = [countsIn(batches, CLICKS), countsIn(batches, VIEWS)]
      return [...new Set([...left.keys(), ...right.keys()])].map((word) => [
        word,
        [left.get(word), right.get(word)],
      ])
    }
    const isBoth = ([, [left, right]]: readonly [string, Sides]): boolean =>
      left !== undefined && right !== undefined
    const text = (pairs: readonly (readonly [string, Sides])[]): string =>
      pairsText(pairs.map(([word, both]) => [word, sidesText(both)]))
    return {
      together: text(sides([batch])),
      within: text(sides(lastWindow(history, within(intervalMs))).filter(isBoth)),
    }
  },
  nextMs: (history, intervalMs) => nextWhileHeld(history, [within(intervalMs)], intervalMs),
}
