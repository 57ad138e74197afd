import { type DStream, seconds, stream } from 'millrace'
import { type BinarySample, StreamingTest, type StreamingTestResult } from 'millrace/ml'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../lib/base/seeded.ts'
import { twoSidedP } from '../../../lib/ml/stat/student-distribution.ts'

type Samples = readonly (readonly [isExperiment: unknown, value: unknown])[]

const run = async (
  batches: readonly Samples[],
  set: (test: StreamingTest) => StreamingTest = (one) => one,
  restarts = false,
) => {
  const app = await testStream(
    stream('groups', { batchInterval: seconds(1), whenIdle: 'tick' }, (ssc) => {
      const samples: DStream<BinarySample> = ssc.kinesisTextStream('in').map((line) => {
        const [isExperiment, value] = JSON.parse(line) as [boolean, number]
        return { isExperiment, value }
      })
      set(new StreamingTest())
        .named('groups')
        .registerStream(samples)
        .foreachRDD(() => undefined)
    }),
  )
  for (const batch of batches) {
    if (batch.length > 0) app.input('in').add(...batch.map((sample) => JSON.stringify(sample)))
    await app.advance(seconds(1))
    if (restarts) await app.restart()
  }
  const results = app
    .output<StreamingTestResult>('foreachRDD-1')
    .elements.map((batch) => (batch ?? []).map(({ pValue }) => Number(pValue.toFixed(6))))
  return { app, results }
}

const both = (a: number, b: number): Samples => [
  [true, a],
  [false, b],
]
const one = both(1, 5)
const two = both(2, 7)
const three = both(0, 6)

describe('a test of two groups', () => {
  const rows: readonly (readonly [
    name: string,
    batches: readonly Samples[],
    set: (test: StreamingTest) => StreamingTest,
    same: readonly Samples[],
  ])[] = [
    [
      'leaves out the batches of its peace period',
      [both(90, -90), both(-70, 30), one, two, three],
      (groups) => groups.setPeacePeriod(2),
      [[], [], one, two, three],
    ],
    [
      'looks at the batches of its window',
      [both(90, -90), both(-70, 30), one, two, three],
      (groups) => groups.setWindowSize(3),
      [[], [], one, two, three],
    ],
  ]
  test.each(rows)('%s', async (_, batches, set, same) => {
    const { results } = await run(batches, set)
    const expected = await run(same)
    expect(results.at(-1)).toEqual(expected.results.at(-1))
    expect(results.at(-1)).toHaveLength(1)
    expect((await run(batches, set, true)).results).toEqual(results)
  })

  test('has no result before both groups have two values', async () => {
    const { results } = await run([[], one, [], two])
    expect(results.map(({ length }) => length)).toEqual([0, 0, 0, 1])
  })

  test('puts aside what is no sample', async () => {
    const bad: Samples = [
      ['yes', 3],
      [true, 'much'],
      [false, null],
    ]
    const { app, results } = await run([[...one, ...bad, ...two]])
    expect(results).toEqual((await run([[...one, ...two]])).results)
    expect(await app.deadLetters()).toHaveLength(3)
  })

  test('keeps a summary of each group under its name', async () => {
    const { app } = await run([one, two])
    expect(await app.state('groups')).toEqual([
      [false, { count: 2, mean: 6, squares: 2 }],
      [true, { count: 2, mean: 1.5, squares: 0.5 }],
    ])
  })

  test.each<[string, (groups: StreamingTest) => unknown, string]>([
    ['a negative period', (groups) => groups.setPeacePeriod(-1), 'peacePeriod'],
    ['a window of a half', (groups) => groups.setWindowSize(0.5), 'windowSize'],
    ['another method', (groups) => groups.setTestMethod('f' as never), "'welch' or 'student'"],
  ])('refuses %s', (_, set, message) => {
    expect(() => set(new StreamingTest())).toThrow(message)
  })
})

describe("Student's distribution", () => {
  /** The same by Simpson's rule over the density, on the tangent's scale. */
  const integrated = (statistic: number, degrees: number): number => {
    const density = (angle: number): number => Math.cos(angle) ** (degrees - 1)
    const area = (from: number, to: number): number => {
      const [steps, width] = [20_000, (to - from) / 20_000]
      let sum = density(from) + density(to)
      for (let step = 1; step < steps; step++)
        sum += (step % 2 === 0 ? 2 : 4) * density(from + step * width)
      return (sum * width) / 3
    }
    const angle = Math.atan(Math.abs(statistic) / Math.sqrt(degrees))
    return area(angle, Math.PI / 2) / area(0, Math.PI / 2)
  }

  test('is that of its density', () => {
    const random = seededRandom(9)
    for (let i = 0; i < 60; i++) {
      const degrees = 1 + Math.exp(8 * random())
      const statistic = 6 * random() - 3
      expect(twoSidedP(statistic, degrees)).toBeCloseTo(integrated(statistic, degrees), 9)
    }
  })

  test.each([
    [1, 1, 0.5],
    [0, 7, 1],
    [-Infinity, 3, 0],
    [Number.NaN, 3, Number.NaN],
    // A million degrees are the normal distribution.
    [1.959964, 1e9, 0.05],
  ])('of %d with %d degrees is %d', (statistic, degrees, p) => {
    const found = twoSidedP(statistic, degrees)
    expect(Number.isNaN(p) ? Number.isNaN(found) : Math.abs(found - p) < 1e-7).toBe(true)
  })
})
