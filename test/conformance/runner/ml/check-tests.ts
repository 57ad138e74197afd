/** Cases of tests of two groups. */
import {
  type BinarySample,
  StreamingTest,
  type StreamingTestResult,
  type TestMethod,
} from 'millrace/ml'
import type { Mode } from '../pipeline.ts'
import type { Params, Vector } from '../vector.ts'
import { batchesOf, checkClose, checkThat, drawn, runLearning } from './learning.ts'

type Samples = readonly (readonly BinarySample[])[]

const run = async (
  params: Params,
  batches: Samples,
  mode: Mode,
): Promise<readonly (readonly StreamingTestResult[])[]> => {
  const { peacePeriod = 0, windowSize = 0, testMethod = 'welch' } = params
  const [results = []] = await runLearning<BinarySample>(batches, mode, (samples) => [
    new StreamingTest()
      .setPeacePeriod(Number(peacePeriod))
      .setWindowSize(Number(windowSize))
      .setTestMethod(testMethod as TestMethod)
      .registerStream(samples),
  ])
  return results as readonly (readonly StreamingTestResult[])[]
}

/** N(mean, deviation), as a case writes it. */
const normalOf = (text: unknown): readonly [number, number] => {
  const [mean, deviation] = String(text).match(/-?[\d.]+/g) ?? []
  return [Number(mean), Number(deviation)]
}

const checkTest = async (vector: Vector, mode: Mode): Promise<void> => {
  const { params, name, inputBatches, expectedBatches } = vector
  if (expectedBatches !== undefined) {
    const samples = (inputBatches as readonly (readonly [boolean, number])[][]).map((batch) =>
      batch.map(([isExperiment, value]) => ({ isExperiment, value })),
    )
    const results = (await run(params, samples, mode)).map((batch) =>
      batch.map(({ pValue, degreesOfFreedom, statistic }) => [pValue, degreesOfFreedom, statistic]),
    )
    return checkClose(expectedBatches, results, Number(vector['tolerance']))
  }
  const { normal } = drawn(42)
  const isOneGroup = params['groups'] === 1
  const groups = isOneGroup ? ([[0, 1]] as const) : [normalOf(params['A']), normalOf(params['B'])]
  let next = 0
  const batches = batchesOf(2, 1_000, () => {
    const group = next++ % groups.length
    return { isExperiment: group === 0, value: normal(...(groups[group] as [number, number])) }
  })
  const results = (await run(params, batches, mode)).flat()
  checkThat('a result in each batch', results.length === batches.length, results)
  const values = results.map(({ pValue }) => pValue)
  if (isOneGroup)
    return checkClose(
      values.map(() => vector.expectedValue),
      values,
      0.001,
    )
  const isAlike = name.startsWith('null')
  checkThat(
    'p values beyond 0.05',
    values.every((p) => (isAlike ? p > 0.05 : p < 0.05)),
    values,
  )
  const method = params['testMethod'] === 'welch' ? /Welch/ : /Student/
  checkThat(
    'results name their method',
    results.every((one) => method.test(one.method)),
    results,
  )
}

/** The checks, by operation. */
export const testChecks = {
  streamingTest: checkTest,
  'streamingTest.registerStream': checkTest,
}
