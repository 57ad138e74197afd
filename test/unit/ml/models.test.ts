import { type DStream, milliseconds, type Pipeline, type RDD, seconds, stream } from 'millrace'
import {
  type KMeansModel,
  type LinearModel,
  StreamingKMeans,
  StreamingKMeansModel,
  StreamingLinearRegressionWithSGD,
  StreamingLogisticRegressionWithSGD,
} from 'millrace/ml'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../lib/base/seeded.ts'
import { ModelStreams } from '../../../lib/ml/learner.ts'

type Numbers = DStream<readonly number[]>

/** Describes a model with the outputs of interest. */
type Describe = (numbers: Numbers) => readonly DStream<unknown>[]

const pipelineOf = (describeModel: Describe, options: object = {}): Pipeline =>
  stream('ml', { batchInterval: seconds(1), ...options }, (ssc) => {
    const numbers = ssc.kinesisTextStream('in').map((text) => JSON.parse(text) as number[])
    for (const one of describeModel(numbers)) one.foreachRDD(() => undefined)
  })

/** The settings of most models here. */
const settled = (model: StreamingKMeans): StreamingKMeans =>
  model.setK(3).setHalfLife(2, 'batches').setRandomCenters(2, 1, 42).named('model')

const kmeans = (
  set: (kmeans: StreamingKMeans) => StreamingKMeans = (one) => one,
): StreamingKMeans => set(settled(new StreamingKMeans()))

const clusters: Describe = (numbers) => {
  const model = kmeans()
  model.trainOn(numbers)
  return [model.latestModel(), model.predictOn(numbers)]
}

const labelled =
  (make: () => StreamingLinearRegressionWithSGD | StreamingLogisticRegressionWithSGD): Describe =>
  (numbers) => {
    const points = numbers.map((features) => ({
      label: Number(features[0]) > 1 ? 1 : 0,
      features,
    }))
    const model = make().setMiniBatchFraction(0.6).setInitialWeights([0, 0]).named('model')
    model.trainOn(points)
    const pairs = points.map(({ label, features }) => [label, features] as const)
    return [model.latestModel(), model.predictOnValues(pairs)]
  }

const MODELS: readonly (readonly [name: string, Describe])[] = [
  ['k-means', clusters],
  ['linear regression', labelled(() => new StreamingLinearRegressionWithSGD())],
  ['logistic regression', labelled(() => new StreamingLogisticRegressionWithSGD())],
]

const random = seededRandom(7)
const BATCHES = [9, 0, 14, 1, 0, 0, 20].map((size) =>
  Array.from({ length: size }, () => [random() * 3, random() * 3 - 1]),
)

interface World {
  readonly restarts?: boolean
  readonly batches?: readonly (readonly (readonly unknown[])[])[]
  readonly options?: object
}

const run = async (
  describeModel: Describe,
  { restarts, batches = BATCHES, options }: World = {},
) => {
  const app = await testStream(pipelineOf(describeModel, options), { now: new Date(0) })
  for (const batch of batches) {
    if (batch.length > 0) app.input('in').add(...batch.map((point) => JSON.stringify(point)))
    await app.advance(seconds(1))
    if (restarts === true) await app.restart()
  }
  return app
}

/** All outputs and the stored model, to the last bit. */
const everything = async (app: Awaited<ReturnType<typeof run>>): Promise<unknown> => [
  app.output('foreachRDD-1').elements,
  app.output('foreachRDD-2').elements,
  await app.state('model'),
]

describe.each(MODELS)('a model of %s', (_, describeModel) => {
  const ticking = { whenIdle: 'tick' }

  test('is the same to the last bit when the process restarts after each batch', async () => {
    const warm = await everything(await run(describeModel, { options: ticking }))
    const cold = await run(describeModel, { options: ticking, restarts: true })
    expect(await everything(cold)).toEqual(warm)
  })

  test('is the same when an output fails and the batch is tried again', async () => {
    const warm = await everything(await run(describeModel, { options: ticking }))
    let calls = 0
    const failing: Describe = (numbers) => {
      const outputs = describeModel(numbers)
      numbers.foreachRDD(() => {
        calls += 1
        if (calls % 2 === 0) throw new Error('not now')
      })
      return outputs
    }
    const options = { ...ticking, retry: { attempts: 3, for: milliseconds(1) } }
    const app = await testStream(pipelineOf(failing, options), {
      now: new Date(0),
      failures: 'record',
    })
    for (const batch of BATCHES) {
      if (batch.length > 0) app.input('in').add(...batch.map((point) => JSON.stringify(point)))
      await app.advance(seconds(1))
    }
    await app.advance(seconds(30))
    expect(app.failures.length).toBeGreaterThan(1)
    expect(await app.state('model')).toEqual((warm as readonly unknown[])[2])
  })

  test('is the same when the pipeline rests as when it ticks', async () => {
    const idle = Array.from({ length: 10 }, () => [])
    const batches = [...BATCHES, ...idle, [[1, 2]]]
    const resting = await run(describeModel, { batches })
    expect(await resting.status()).toBe('running')
    const batchesRun = resting.output('foreachRDD-1').elements.length
    const ticked = await run(describeModel, { batches, options: ticking })
    expect(ticked.output('foreachRDD-1').elements.length - batchesRun).toBeGreaterThan(5)
    expect(await resting.state('model')).toEqual(await ticked.state('model'))
    expect(resting.output('foreachRDD-2').elements.at(-1)).toEqual(
      ticked.output('foreachRDD-2').elements.at(-1),
    )
  })

  test('puts aside what it cannot learn from, and predicts the rest', async () => {
    const good = BATCHES[0] as number[][]
    const bad = [[1], [null, 2], ['a', 'b'], [1, 2, 3], []]
    const mixed = [bad[0], ...good, ...bad.slice(1)] as number[][]
    const clean = await run(describeModel, { batches: [good] })
    const app = await run(describeModel, { batches: [mixed] })
    expect(await app.state('model')).toEqual(await clean.state('model'))
    expect(await app.deadLetters()).not.toEqual([])
  })
})

describe('predictions', () => {
  const points = [[0], [2], [10]]
  const twoCenters = (): StreamingKMeans =>
    new StreamingKMeans().setInitialCenters([[0], [1]], [1, 1])
  const learning = (numbers: Numbers): StreamingKMeans => {
    const model = twoCenters()
    model.trainOn(numbers)
    return model
  }
  const rows: readonly (readonly [name: string, Describe, expected: unknown])[] = [
    ['come after learning', (numbers) => [learning(numbers).predictOn(numbers)], [0, 0, 1]],
    [
      'come before it on request',
      (numbers) => [learning(numbers).predictOn(numbers, { model: 'before' })],
      [0, 1, 1],
    ],
    ['need no learning', (numbers) => [twoCenters().predictOn(numbers)], [0, 1, 1]],
    [
      'keep keys',
      (numbers) => [learning(numbers).predictOnValues(numbers.map((point) => ['k', point]))],
      [
        ['k', 0],
        ['k', 0],
        ['k', 1],
      ],
    ],
  ]
  test.each(rows)('%s', async (_, describeModel, expected) => {
    const app = await run(describeModel, { batches: [points] })
    expect(app.output('foreachRDD-1').elements[0]).toEqual(expected)
  })

  test('before the second batch is after the first', async () => {
    const both: Describe = (numbers) => {
      const model = learning(numbers)
      return [model.predictOn(numbers, { model: 'before' }), model.predictOn(numbers)]
    }
    const app = await run(both, { batches: [points, points], restarts: true })
    const [before, after] = [1, 2].map((at) => app.output(`foreachRDD-${at}`).elements)
    expect(before?.[1]).toEqual(after?.[0])
  })

  test('of a stream with another slide use the model of that moment', async () => {
    const slow: Describe = (numbers) => {
      const model = twoCenters()
      model.trainOn(numbers.window(seconds(2)).window(seconds(2), seconds(2)))
      return [model.predictOn(numbers)]
    }
    const app = await run(slow, {
      batches: [points, points, points],
      options: { whenIdle: 'tick' },
    })
    expect(app.output('foreachRDD-1').elements.slice(0, 3)).toEqual([
      [0, 1, 1],
      [0, 0, 1],
      [0, 0, 1],
    ])
  })

  test('by hand are those of the stream', async () => {
    const app = await run(clusters)
    const [[, stored]] = (await app.state('model')) as [[string, { model: KMeansModel }]]
    const model = new StreamingKMeansModel(JSON.parse(JSON.stringify(stored.model)) as KMeansModel)
    expect((BATCHES.at(-1) ?? []).map((point) => model.predict(point))).toEqual(
      app.output('foreachRDD-2').elements.at(-1),
    )
  })
})

test.each([
  ['with its settings', kmeans(), (model: StreamingKMeans) => model],
  ['and set inside', new StreamingKMeans(), settled],
])(
  'a model made outside of the description, %s, serves each process',
  async (_, outside, settle) => {
    const app = await run(
      (numbers) => {
        const model = settle(outside)
        model.trainOn(numbers)
        return [model.latestModel(), model.predictOn(numbers)]
      },
      { restarts: true, options: { whenIdle: 'tick' } },
    )
    expect(await everything(app)).toEqual(
      await everything(await run(clusters, { options: { whenIdle: 'tick' } })),
    )
  },
)

test.each<[world: World, most: number]>([
  [{}, 4],
  [{ restarts: true }, 40],
])('batches without examples are made up for once, with %j', async (world, most) => {
  const idle = 40
  let asked = 0
  const counting: Describe = (numbers) => {
    const streams = new ModelStreams<number, readonly number[]>('Counting')
    streams.named('model')
    streams.train(numbers, {
      kind: 'counting',
      layout: 'a count of batches',
      initial: 0,
      check: () => undefined,
      rest: (model, batches) => {
        asked += batches
        return model + batches
      },
      learn: async () => 0,
    })
    const queries = numbers.window(seconds(3_600))
    const predict = (model: 'after' | 'before'): DStream<unknown> => {
      const apply = (rdd: RDD<readonly number[]>, count: number) => rdd.map(() => count)
      return streams.predict('predictOn', queries, { initial: -1, apply }, { model })
    }
    return [streams.models, predict('after'), predict('before')]
  }
  const batches = [[[1]], ...Array.from({ length: idle }, () => [])]
  const app = await run(counting, { ...world, batches, options: { whenIdle: 'tick' } })
  const [models, after, before] = [1, 2, 3].map((at) => app.output(`foreachRDD-${at}`).elements)
  const counts = Array.from({ length: idle + 1 }, (_, at) => [at])
  expect([models, after]).toEqual([counts, counts])
  expect(before?.slice(1)).toEqual(counts.slice(0, -1))
  expect(asked).toBeLessThanOrEqual(most * idle)
})

describe('a deployment', () => {
  const deploy = async (set: (kmeans: StreamingKMeans) => StreamingKMeans) => {
    const app = await run(clusters)
    const stored = await app.state('model')
    const next: Describe = (numbers) => {
      const model = kmeans(set)
      model.trainOn(numbers)
      return [model.latestModel()]
    }
    await app.restart({ pipeline: pipelineOf(next) })
    return { app, stored }
  }

  test.each<[string, (kmeans: StreamingKMeans) => StreamingKMeans]>([
    ['decay', (model) => model.setHalfLife(5, 'points')],
    ['initial centers', (model) => model.setRandomCenters(2, 9, 1)],
  ])('with another %s goes on with the stored model', async (_, set) => {
    const { app, stored } = await deploy(set)
    expect(await app.state('model')).toEqual(stored)
  })

  test.each<[string, (kmeans: StreamingKMeans) => StreamingKMeans, string]>([
    ['number of clusters', (model) => model.setK(4), 'now with 4 clusters in 2 dimensions'],
    ['dimension', (model) => model.setRandomCenters(3, 1, 1), 'with 3 clusters in 3 dimensions'],
  ])('with another %s is refused', async (_, set, message) => {
    await expect(deploy(set)).rejects.toThrow(message)
  })
})

test('a model may be larger than an item of the store', async () => {
  const wide = Array.from({ length: 3_000 }, (_, at) => at / 7)
  const large: Describe = (numbers) => {
    const model = new StreamingKMeans().setK(20).setRandomCenters(wide.length, 1, 1).named('model')
    model.trainOn(numbers)
    return [model.predictOn(numbers)]
  }
  const app = await run(large, { batches: [[wide], [wide]], restarts: true })
  const [[, { model }]] = (await app.state('model')) as [[string, { model: KMeansModel }]]
  expect(JSON.stringify(model).length).toBeGreaterThan(2 * 409_600)
  expect(model.clusterWeights.filter((weight) => weight > 1)).toEqual([3])
})

describe('a model that diverges', () => {
  const steep: Describe = (numbers) => {
    const model = new StreamingLinearRegressionWithSGD().setStepSize(10).setInitialWeights([0, 0])
    model.named('model').trainOn(numbers.map((features) => ({ label: 1, features })))
    return [model.latestModel()]
  }
  test.each<[string, Describe, readonly number[]]>([
    ['of a regression', steep, [1e60, 1e60]],
    ['of clusters', clusters, [1e308, 1e308]],
  ])('%s fails the batch, and stays as it was', async (_, describeModel, wild) => {
    const app = await testStream(pipelineOf(describeModel), {
      now: new Date(0),
      failures: 'record',
    })
    app.input('in').add(JSON.stringify([0.1, 0.1]))
    await app.advance(seconds(1))
    const before = await app.state('model')
    for (let i = 0; i < 3; i++) app.input('in').add(JSON.stringify(wild))
    await app.advance(seconds(1))
    expect(app.failures[0]?.error.message).toContain('The model diverges')
    expect(await app.state('model')).toEqual(before)
  })
})

describe('is refused', () => {
  const rows: readonly (readonly [what: string, Describe, message: string])[] = [
    ['no centers', (n) => [new StreamingKMeans().predictOn(n)], 'needs centers to begin with'],
    [
      'too few centers',
      (n) => [kmeans((m) => m.setInitialCenters([[1]], [1])).predictOn(n)],
      '1 c',
    ],
    [
      'centers of two lengths',
      () => [kmeans((m) => m.setInitialCenters([[1], [1, 2]], [1, 1]))].map(never),
      'one length',
    ],
    [
      'a weight too few',
      () => [kmeans((m) => m.setInitialCenters([[1], [2]], [1]))].map(never),
      'a weight for each',
    ],
    [
      'a negative weight',
      () => [kmeans((m) => m.setInitialCenters([[1]], [-1]))].map(never),
      'weights',
    ],
    ['k of 0', () => [kmeans((m) => m.setK(0))].map(never), 'k is not allowed'],
    ['a half-life of 0', () => [kmeans((m) => m.setHalfLife(0, 'points'))].map(never), 'halfLife'],
    [
      'another unit',
      () => [kmeans((m) => m.setHalfLife(1, 'days' as never))].map(never),
      "'batches' or 'points'",
    ],
    ['a negative decay', () => [kmeans((m) => m.setDecayFactor(-1))].map(never), 'decayFactor'],
    [
      'no seed',
      () => [kmeans((m) => m.setRandomCenters(1, 1, undefined as never))].map(never),
      'a seed',
    ],
    [
      'no list',
      () => [kmeans((m) => m.setInitialCenters([[1]], 1 as never))].map(never),
      'a weight',
    ],
    [
      'no stream',
      () => [new StreamingKMeans().setRandomCenters(1, 1, 1).predictOn(7 as never)],
      'a stream',
    ],
    ['latestModel before trainOn', () => [kmeans().latestModel()], 'before trainOn'],
    [
      'no weights',
      (n) => [new StreamingLinearRegressionWithSGD().predictOn(n)],
      'weights to begin',
    ],
    [
      'an empty vector',
      () => [new StreamingLinearRegressionWithSGD().setInitialWeights([])].map(never),
      'a vector',
    ],
    [
      'a vector with nothing in it',
      () => [new StreamingLinearRegressionWithSGD().setInitialWeights(Array(2))].map(never),
      'a vector',
    ],
    [
      'a fraction of 2',
      () => [new StreamingLinearRegressionWithSGD().setMiniBatchFraction(2)].map(never),
      'fraction',
    ],
    [
      'another moment',
      (n) => [kmeans().predictOn(n, { model: 'now' as never })],
      "'after' or 'before'",
    ],
  ]
  function never(): never {
    throw new Error('it should have been refused')
  }
  test.each(rows)('%s', (_, describeModel, message) => {
    expect(() => pipelineOf(describeModel).build()).toThrow(message)
  })

  const orders: readonly (readonly [
    what: string,
    (n: Numbers, m: StreamingKMeans) => void,
    string,
  ])[] = [
    ['trainOn of no stream', (_, m) => m.trainOn([[1, 2]] as never), 'trainOn() needs a stream'],
    ['trainOn twice', (n, m) => [m.trainOn(n), m.trainOn(n)], 'called twice'],
    [
      'trainOn after a prediction',
      (n, m) => [m.predictOn(n), m.trainOn(n)],
      'call trainOn() first',
    ],
    ['a setter after trainOn', (n, m) => [m.trainOn(n), m.setK(2)], 'setK() was called after'],
  ]
  test.each(orders)('%s', (_, order, message) => {
    const build = (): unknown => pipelineOf((n) => (order(n, kmeans()), [n])).build()
    expect(build).toThrow(message)
  })
})

test('weights of a linear model are what is stored and shown', async () => {
  const app = await run((MODELS[1] as (typeof MODELS)[number])[1])
  const [[key, { model }]] = (await app.state('model')) as [[string, { model: LinearModel }]]
  expect([key, model.weights.length, model.intercept]).toEqual(['model', 2, 0])
  expect(app.output('foreachRDD-1').elements.at(-1)).toEqual([model])
})
