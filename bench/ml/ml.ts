/**
 * One batch of learning, the data in memory: k-means and linear regression beside Spark's MLlib,
 * and values added to sketches.
 */
import { join } from 'node:path'
import { countMin, frequentItems, hyperLogLog, StreamingKMeansModel, tDigest } from 'millrace/ml'
import { descend, leastSquares } from '../../lib/ml/regression/gradient-descent.ts'
import { medianMs } from '../measure.ts'
import { type Figure, rounded, table } from '../report.ts'
import { type BesideSparkOptions, inSpark } from '../spark.ts'

const BENCH = 'ml'
const POINTS = 100_000
const DIMENSIONS = 10
const CLUSTERS = 10
const ITERATIONS = 20
const DEFAULT_ROUNDS = 5
const SKETCHED = 200_000

/** The same numbers as in learn.scala: from 0 to 1. */
const valueAt = (point: number, coordinate: number): number =>
  Number(((BigInt(point) * 31n + BigInt(coordinate) * 17n) * 2_654_435_761n) % 1_000_003n) /
  1_000_003

const vectorAt = (point: number): readonly number[] =>
  Array.from({ length: DIMENSIONS }, (_, coordinate) => valueAt(point, coordinate))

const figure = (name: string, value: number, unit: Figure['unit']): Figure => ({
  bench: BENCH,
  figure: name,
  value: rounded(value),
  unit,
})

/** Measures, says a table, and returns the figures. */
export const benchMl = async ({
  rounds = DEFAULT_ROUNDS,
  sparkHome,
  say,
}: BesideSparkOptions): Promise<readonly Figure[]> => {
  const points = Array.from({ length: POINTS }, (_, point) => vectorAt(point))
  const examples = points.map((features) => ({
    label: features.reduce((sum, value) => sum + value, 0),
    features,
  }))
  const model = new StreamingKMeansModel({
    clusterCenters: Array.from({ length: CLUSTERS }, (_, cluster) => vectorAt(cluster * 7_919)),
    clusterWeights: Array.from({ length: CLUSTERS }, () => 1),
  })
  const descent = {
    stepSize: 0.1,
    numIterations: ITERATIONS,
    miniBatchFraction: 1,
    regParam: 0,
    convergenceTol: 0.001,
    multiplier: leastSquares,
    shrinks: false,
  }
  const zeros = vectorAt(0).map(() => 0)
  const learning = new Map([
    ['kmeans', await medianMs(rounds, () => model.update(points, 1, 'batches'))],
    ['regression', await medianMs(rounds, () => descend(zeros, examples, descent))],
  ])
  const spark =
    sparkHome === undefined
      ? undefined
      : inSpark(sparkHome, join(import.meta.dirname, 'learn.scala'), {
          BENCH_ML: [POINTS, DIMENSIONS, CLUSTERS, rounds].join(','),
        })
  const values = Array.from({ length: SKETCHED }, (_, at) => Math.floor(valueAt(at, 1) * 50_000))
  const sketches = { hyperLogLog: hyperLogLog(), countMin: countMin(), tDigest: tDigest() }
  const adding: (readonly [string, number])[] = []
  for (const [name, sketch] of Object.entries({ ...sketches, frequentItems: frequentItems() })) {
    const { empty, add } = sketch as { empty: () => object; add: (s: object, v: number) => object }
    adding.push([name, await medianMs(rounds, () => values.reduce(add, empty()))])
  }
  const perSecond = (ms: number): string => Math.round((SKETCHED / ms) * 1_000).toLocaleString('en')
  say(
    table([
      [`one batch of ${POINTS.toLocaleString('en')} points`, 'ms', 'Spark, ms'],
      ...[...learning].map(([name, ms]) => [
        name,
        ms.toFixed(0),
        spark?.get(name)?.toFixed(0) ?? '-',
      ]),
    ]),
  )
  say(table([['sketch', 'values/s'], ...adding.map(([name, ms]) => [name, perSecond(ms)])]))
  return [
    ...[...learning, ...adding].map(([name, ms]) => figure(`${name}-ms`, ms, 'ms')),
    ...[...(spark ?? [])].map(([name, ms]) =>
      figure(`${name}-spark-ratio`, ms / (learning.get(name) ?? Number.NaN), 'ratio'),
    ),
  ]
}
