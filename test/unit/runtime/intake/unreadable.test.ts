/**
 * B9: records that intake could not read are dead letters. They count for the option `poison`, with
 * the records that came with them.
 */
import type { StreamOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { DeadLetter } from '../../../../lib/state/dead-letters.ts'
import { type Deployment, pipelineOf, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'

/** A delivery: its number of readable and of unreadable records. */
type Delivery = readonly [good: number, unreadable: number]

const letterAt = (position: number): DeadLetter => ({
  source: SOURCE,
  position: `0#${position}`,
  code: 'LINE_NOT_UTF8',
  message: 'The line is not valid UTF-8',
  data: Uint8Array.of(255),
  sizeBytes: 1,
})

const bring = async (
  app: Deployment,
  deliveries: readonly Delivery[],
  first = 1,
): Promise<void> => {
  let next = first
  for (const [good, unreadable] of deliveries) {
    const positions = Array.from({ length: good + unreadable }, () => next++)
    await app.intake(SOURCE).append({
      lane: '0',
      records: positions
        .slice(0, good)
        .map((position) => ({ position: String(position), record: `${position}` })),
      rejected: positions.slice(good).map(letterAt),
      last: String(next - 1),
    })
  }
}

const counting = (
  options: Partial<StreamOptions>,
  isBad: (record: unknown) => boolean = () => false,
) => {
  const counts: number[] = []
  const pipeline = pipelineOf((ssc) => {
    ssc
      .socketTextStream('localhost', 9999)
      .map((record) => {
        if (isBad(record)) throw new Error('bad')
        return record
      })
      .foreachRDD(async (rdd) => void counts.push(await rdd.count()))
  }, options)
  return { pipeline, counts }
}

const failures = (app: Deployment): readonly string[] =>
  app.eventsOf('batchFailed').map(({ code }) => code)

describe('records that intake could not read', () => {
  test.each<[string, readonly Delivery[], Partial<StreamOptions>, number | string]>([
    ['a few among many', [[200, 100]], {}, 200],
    ['100 and nothing else', [[0, 100]], {}, 0],
    ['101 and nothing else', [[0, 101]], {}, 'POISON_BREAKER'],
    ['more than half', [[100, 101]], {}, 'POISON_BREAKER'],
    ['half', [[101, 101]], {}, 101],
    [
      'most of one delivery of many',
      [
        [500, 0],
        [10, 200],
        [500, 0],
      ],
      {},
      'POISON_BREAKER',
    ],
    [
      'none readable, between good ones',
      [
        [500, 0],
        [0, 200],
        [500, 0],
      ],
      {},
      'POISON_BREAKER',
    ],
    ['one in each of 300 deliveries', Array.from({ length: 300 }, () => [0, 1] as const), {}, 0],
    [
      'few, with a strict option',
      [[10, 2]],
      { poison: { records: 1, share: 0.1 } },
      'POISON_BREAKER',
    ],
    ['all, with an option that allows it', [[0, 500]], { poison: { records: 1, share: 1 } }, 0],
  ])('%s', async (_, deliveries, options, expected) => {
    const { pipeline, counts } = counting(options)
    const world = new World()
    const app = world.deploy(pipeline)
    await bring(app, deliveries)
    await app.tick(1)
    expect(failures(app).at(0) ?? counts[0]).toBe(expected)
    expect(await world.deadLetters()).toHaveLength(
      deliveries.reduce((sum, [, unreadable]) => sum + unreadable, 0),
    )
  })

  test('count together with those on which a function throws', async () => {
    const { pipeline } = counting({}, (record) => Number(record) <= 60)
    const app = new World().deploy(pipeline)
    await bring(app, [[80, 60]])
    await app.tick(1)
    expect(failures(app)).toEqual(['POISON_BREAKER'])
  })

  test('count once, also when a batch has taken the first part of a merged entry', async () => {
    const { pipeline, counts } = counting({ limits: { records: 1_000 } })
    const app = new World().deploy(pipeline)
    await bring(app, [[20, 90]])
    await app.tick(1)
    await bring(app, [[20, 90]], 111)
    await app.tick(1)
    expect([failures(app), counts]).toEqual([[], [20, 20]])
  })

  test('a second process reads the same numbers from the store', async () => {
    const { pipeline } = counting({})
    const world = new World()
    await bring(world.deploy(pipeline), [
      [60, 50],
      [10, 120],
    ])
    const app = world.deploy(pipeline)
    await app.tick(1)
    expect(failures(app)).toEqual(['POISON_BREAKER'])
  })
})
