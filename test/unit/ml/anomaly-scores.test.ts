import { type DStream, seconds, stream } from 'millrace'
import { type AnomalyOptions, type AnomalyScore, anomalyScores } from 'millrace/ml'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../lib/base/seeded.ts'

type Scored = readonly (readonly [string, AnomalyScore])[]

const run = async (
  batches: readonly (readonly (readonly [string, unknown])[])[],
  options: AnomalyOptions,
  restarts = false,
): Promise<{ scores: Scored; deadLetters: number }> => {
  const app = await testStream(
    stream('anomalies', { batchInterval: seconds(1), whenIdle: 'tick' }, (ssc) => {
      const pairs: DStream<[string, number]> = ssc
        .kinesisTextStream('in')
        .map((line) => JSON.parse(line) as [string, number])
      anomalyScores(pairs, options).foreachRDD(() => undefined)
    }),
  )
  for (const batch of batches) {
    app.input('in').add(...batch.map((pair) => JSON.stringify(pair)))
    await app.advance(seconds(1))
    if (restarts) await app.restart()
  }
  const scores = app.output('foreachRDD-1').elements.flatMap((batch) => batch ?? [])
  return { scores: scores as Scored, deadLetters: (await app.deadLetters()).length }
}

const random = seededRandom(5)
const noise = (): number => random() + random() + random() - 1.5
const quiet = Array.from({ length: 30 }, (): [string, number] => ['a', 20 + noise()])
const wild = ['a', 40] as const

const METHODS: readonly AnomalyOptions[] = [{ method: 'median' }, { method: 'mean' }]

describe.each(METHODS)('by the $method', (options) => {
  test('finds what is unusual, and nothing else', async () => {
    const { scores } = await run([[...quiet, wild, ...quiet]], options)
    expect(scores.length).toBe(51)
    const odd = scores.filter(([, { score }]) => score > 10).map(([, { value }]) => value)
    expect(odd).toEqual([40])
    expect(scores.at(-1)?.[1].expected).toBeCloseTo(20, 0)
  })

  test('is the same in batches, and after restarts', async () => {
    const values = [...quiet, wild, ...quiet]
    const parts = [0, 7, 30, 33].map((at, index, all) => values.slice(at, all[index + 1]))
    const whole = await run([values], options)
    expect(await run(parts, options)).toEqual(whole)
    expect(await run(parts, options, true)).toEqual(whole)
  })

  test('knows each key by itself', async () => {
    const others = quiet.map(([, value]): [string, number] => ['b', -value])
    const mixed = quiet.flatMap((pair, at) => [pair, others[at] as [string, number]])
    const { scores } = await run([mixed], options)
    const alone = await run([quiet], options)
    expect(scores.filter(([key]) => key === 'a')).toEqual(alone.scores)
  })

  test('of equal values is 0, and of the first other one infinite', async () => {
    const flat = Array.from({ length: 12 }, (): [string, number] => ['a', 5])
    const { scores } = await run([[...flat, ['a', 5.5]]], options)
    expect(scores.map(([, { score }]) => score)).toEqual([0, 0, Infinity])
  })

  test('puts aside what is no number', async () => {
    const { scores, deadLetters } = await run([[...quiet, ['a', null], ...quiet]], options)
    expect([scores.length, deadLetters]).toEqual([50, 1])
  })
})

test('scores by the median are those of its definition', async () => {
  const values = [1, 2, 4, 8, 100, 3]
  const pairs = values.map((value): [string, number] => ['a', value])
  const { scores } = await run([pairs], { warmUp: 5, window: 4 })
  // The last four: 2, 4, 8, 100. Their median is 6, and the distances 4, 2, 2, 94.
  expect(scores).toEqual([['a', { value: 3, expected: 6, score: -3 / (3 * 1.4826) }]])
})

test.each<[string, AnomalyOptions, string]>([
  ['a window of 0', { window: 0 }, 'window'],
  ['a half-life of 0', { halfLife: 0 }, 'halfLife'],
  ['another method', { method: 'mode' as never }, "'median' or 'mean'"],
])('%s is refused', async (_, options, message) => {
  await expect(run([], options)).rejects.toThrow(message)
})
