/** What `millrace/ml` exports: models that learn from streams, and sketches of many values. */
export type { Vector } from './checks.ts'
export { type KMeansModel, StreamingKMeansModel, type TimeUnit } from './clustering/kmeans-model.ts'
export { StreamingKMeans } from './clustering/streaming-kmeans.ts'
export type { PredictOptions } from './learner.ts'
export type { LabeledPoint } from './regression/gradient-descent.ts'
export {
  type LinearModel,
  LinearRegressionModel,
  LogisticRegressionModel,
} from './regression/linear-models.ts'
export type { StreamingLinearAlgorithm } from './regression/streaming-linear-algorithm.ts'
export {
  StreamingLinearRegressionWithSGD,
  StreamingLogisticRegressionWithSGD,
} from './regression/streaming-regressions.ts'
export {
  type BinarySample,
  StreamingTest,
  type StreamingTestResult,
  type TestMethod,
} from './stat/streaming-test.ts'
export { type AnomalyOptions, type AnomalyScore, anomalyScores } from './anomaly-scores.ts'
export { countMin, type CountMinSketch, type Frequencies } from './sketches/count-min.ts'
export {
  frequentItems,
  type FrequentItems,
  type FrequentItemsSketch,
  type Item,
  type ItemCount,
} from './sketches/frequent-items.ts'
export {
  type DistinctCount,
  hyperLogLog,
  type HyperLogLogSketch,
} from './sketches/hyper-log-log.ts'
export type { Sketch } from './sketches/sketch.ts'
export { type Quantiles, tDigest, type TDigestSketch } from './sketches/t-digest.ts'
