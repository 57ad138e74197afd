/** Models and sketches are the same to the last bit, however many processes compute a batch. */
import { type DStream, milliseconds } from 'millrace'
import {
  anomalyScores,
  frequentItems,
  hyperLogLog,
  StreamingKMeans,
  StreamingLinearRegressionWithSGD,
  StreamingTest,
  tDigest,
} from 'millrace/ml'
import { expect, test } from 'vitest'
import { pipelineOf } from '../runtime/harness.ts'
import { BEHAVIOURS, executorsOf, seenIn, thirds } from '../runtime/tasks/executors-bed.ts'

const sketches = [hyperLogLog({ precision: 4 }), tDigest({ compression: 20 })] as const
const words = frequentItems<string>({ capacity: 3 })

const USES: Readonly<Record<string, (lines: DStream<string>) => DStream<unknown>>> = {
  'k-means': (lines) => {
    const points = thirds(lines).map(([word, third]) => [third, word.charCodeAt(0) / 7])
    const model = new StreamingKMeans().setHalfLife(9, 'points').setRandomCenters(2, 1, 3)
    model.trainOn(points)
    return model.predictOn(points).map(String).union(model.latestModel().map(asText))
  },
  'a regression': (lines) => {
    const points = thirds(lines).map(([word, third]) => ({
      label: third,
      features: [1, word.charCodeAt(0) / 120],
    }))
    const model = new StreamingLinearRegressionWithSGD().setMiniBatchFraction(0.5)
    model.setInitialWeights([0, 0]).trainOn(points)
    return model.latestModel().map(asText)
  },
  'a test of two groups': (lines) =>
    new StreamingTest()
      .registerStream(
        thirds(lines).map(([word, value]) => ({ isExperiment: word.includes('o'), value })),
      )
      .map(asText),
  sketches: (lines) => {
    const [distinct, quantiles] = sketches
    const pairs = thirds(lines)
    return pairs
      .map(([word]): [string, string] => [word.slice(0, 1), word])
      .combineByKey(distinct.of, distinct.add, distinct.merge, { partitions: 3 })
      .map(asText)
      .union(
        pairs
          .mapValues(quantiles.of)
          .reduceByKeyAndWindow(quantiles.merge, milliseconds(2_000))
          .map(asText),
      )
      .union(
        pairs
          .map(([word]): [string, string] => ['all', word])
          .mapValues(words.of)
          .reduceByKey(words.merge)
          .map(([, sketch]) => asText(words.top(sketch, 3))),
      )
  },
  'scores of what is unusual': (lines) =>
    anomalyScores(thirds(lines), { warmUp: 1, partitions: 3 }).map(asText),
}

function asText(value: unknown): string {
  return JSON.stringify(value)
}

test.each(Object.keys(USES))('%s: alone, and with 1, 2 and 4 executors', async (name) => {
  const pipeline = () =>
    pipelineOf((ssc) => USES[name]?.(ssc.textFileStream('in')).saveAsTextFiles('out'))
  const alone = await seenIn(pipeline(), undefined)
  expect([...alone.seen.files.values()].join('').length).toBeGreaterThan(100)
  const behaviours = Object.values(BEHAVIOURS)
  for (const [at, count] of [1, 2, 4].entries()) {
    const spread = await seenIn(pipeline(), executorsOf(count, behaviours[at] as never))
    expect(spread.seen).toEqual(alone.seen)
  }
})
