/** Listeners of a pipeline: what they are told, and that nothing they do stops a batch. */
import {
  type BatchInfo,
  milliseconds,
  MillraceError,
  seconds,
  stream,
  type StreamingContext,
  type StreamingListener,
  StreamingProgress,
} from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { describe, expect, test, vi } from 'vitest'
import { durationText } from '../../../../lib/dstream/listening/time-text.ts'
import { ListenerBus } from '../../../../lib/runtime/listening/listener-bus.ts'
import { Deployed, toStream } from '../../functions/deployed.ts'
import { pipelineOf } from '../harness.ts'
import { ManualClock } from '../manual-clock.ts'

const withListener = async (
  listener: StreamingListener,
  act: (app: TestStream | undefined) => void = () => undefined,
): Promise<TestStream> => {
  const running: { app?: TestStream } = {}
  const pipeline = stream('app', { batchInterval: seconds(1) }, (ssc) => {
    ssc.addStreamingListener(listener)
    ssc.kinesisTextStream('words').foreachRDD(() => act(running.app))
  })
  running.app = await testStream(pipeline, { now: new Date(0), failures: 'record' })
  return running.app
}

const warningsOf = (app: TestStream): readonly string[] =>
  app.events.flatMap((event) => (event.event === 'warning' ? [event.message] : []))

describe('a listener that misbehaves does not stop a batch', () => {
  test.each<[string, (app: TestStream) => void | Promise<void>, string | undefined]>([
    [
      'throws',
      () => {
        throw new Error('no disk')
      },
      'onBatchCompleted() of a listener has failed: no disk [LISTENER_FAILED]',
    ],
    [
      'rejects',
      async () => {
        throw new Error('no network')
      },
      'onBatchCompleted() of a listener has failed: no network [LISTENER_FAILED]',
    ],
    [
      'throws what cannot be shown',
      () => {
        throw Object.create(null)
      },
      'onBatchCompleted() of a listener has failed: an error that cannot be shown ' +
        '[LISTENER_FAILED]',
    ],
    [
      'is slow',
      (app) => app.passTime(milliseconds(1_500)),
      'onBatchCompleted() of a listener took 1500 ms, and the batch has waited for it ' +
        '[LISTENER_SLOW]',
    ],
    ['never settles', () => new Promise(() => undefined), undefined],
    ['is fast', () => undefined, undefined],
  ])('%s', async (_, act, warning) => {
    const running: { app?: TestStream } = {}
    const app = await withListener({ onBatchCompleted: () => running.app && act(running.app) })
    running.app = app
    app.input('words').add('a')
    await app.advance(seconds(1))
    expect(app.output('foreachRDD-1').elements[0]).toEqual(['a'])
    expect(warningsOf(app)).toEqual(warning === undefined ? [] : [warning])
  })

  test('its failures are not reported for ever', async () => {
    const app = await withListener({
      onBatchStarted: () => {
        throw new Error('no')
      },
    })
    for (let batch = 0; batch < 9; batch++) {
      app.input('words').add('a')
      await app.advance(seconds(1))
    }
    const warnings = warningsOf(app)
    expect(warnings).toHaveLength(5)
    expect(warnings[4]).toContain('Further failures of it are not reported')
  })
})

test('each attempt is told as a batch, with its outputs and why it failed', async () => {
  const batches: BatchInfo[] = []
  let fails = 1
  const app = await withListener(
    { onBatchCompleted: ({ batchInfo }) => void batches.push(batchInfo) },
    (a) => {
      a?.passTime(milliseconds(40))
      if (fails-- > 0) throw new Error('the sink gave no answer')
    },
  )
  app.input('words').add('a', 'b')
  await app.advance(seconds(3))
  const told = batches.filter(({ batchTime }) => batchTime.milliseconds === 1_000)
  expect(told).toMatchObject([
    {
      attempt: 1,
      numRecords: 2,
      submissionTime: 1_000,
      processingStartTime: 1_000,
      processingEndTime: 1_040,
      schedulingDelay: 0,
      processingDelay: 40,
      totalDelay: 40,
    },
    { attempt: 2, schedulingDelay: 1_000, processingDelay: 40, totalDelay: 1_040 },
  ])
  const [first, second] = told.map(
    ({ outputOperationInfos, streamIdToInputInfo, failureReason }) => ({
      output: outputOperationInfos.get(0),
      input: streamIdToInputInfo.get(0),
      failureReason,
    }),
  )
  expect(first?.output).toMatchObject({ id: 0, name: 'foreachRDD-1', duration: 40 })
  expect(first?.output?.failureReason).toContain('the sink gave no answer')
  expect(first?.output?.description).toContain('listeners.test.ts')
  expect(first?.failureReason).toContain('the sink gave no answer')
  expect(first?.input).toMatchObject({ name: 'kinesisTextStream-1', numRecords: 2 })
  expect(first?.input?.metadataDescription).toMatch(/^\S+: \d+ to \d+$/)
  expect(second?.failureReason).toBeUndefined()
  expect(second?.output?.failureReason).toBeUndefined()
})

test('listeners come and go while batches run', async () => {
  const told: string[] = []
  const one: StreamingListener = { onBatchCompleted: () => void told.push('one') }
  const two: StreamingListener = {
    onBatchCompleted() {
      told.push('two')
      context?.removeStreamingListener(two)
      context?.addStreamingListener(one)
      context?.addStreamingListener(one)
    },
  }
  let context: StreamingContext | undefined
  const pipeline = stream('app', { batchInterval: seconds(1), whenIdle: 'tick' }, (ssc) => {
    context = ssc
    ssc.kinesisTextStream('words').print()
    ssc.addStreamingListener(two)
    ssc.removeStreamingListener({})
  })
  const app = await testStream(pipeline, { now: new Date(0) })
  await app.advance(seconds(3))
  expect(told).toEqual(['two', 'one', 'one'])
})

test.each([undefined, null, 'x', () => undefined])('%j is no listener', (given) => {
  const pipeline = stream('app', { batchInterval: seconds(1) }, (ssc) =>
    ssc.addStreamingListener(given as never),
  )
  expect(() => pipeline.build()).toThrow(MillraceError)
})

test('a file counts its records when it is read', async () => {
  const progress = new StreamingProgress()
  const pipeline = stream('app', { batchInterval: seconds(1) }, (ssc) => {
    ssc.textFileStream('in').print()
    ssc.addStreamingListener(progress)
  })
  const app = await testStream(pipeline, { now: new Date(0) })
  app.input('in').addFile('a.txt', 'a\nb\nc\n')
  await app.advance(seconds(1))
  const [batch] = progress.completedBatches
  expect(batch?.streamIdToInputInfo.get(0)).toMatchObject({
    numRecords: 3,
    metadataDescription: expect.stringContaining('a.txt') as unknown,
  })
  expect(progress.processedRecords).toBe(3)
  expect(progress.series('inputRate')).toEqual([{ timeMs: 1_000, value: 3 }])
  expect(progress.batchInterval?.milliseconds).toBe(1_000)
})

test.each([0, -1, 1.5, Number.NaN])('a progress cannot keep %d batches', (retained) => {
  expect(() => new StreamingProgress({ retained })).toThrow('retained is not a count of batches')
})

const busOf = (listener: StreamingListener, clock: ManualClock): ListenerBus =>
  new ListenerBus({
    plan: {
      name: 'app',
      options: {} as never,
      sources: [],
      outputs: [],
      listeners: new Set([listener]),
    },
    clock,
    report: () => undefined,
  })

describe('before the process is frozen', () => {
  const event = () => ({ time: 0, name: 'app', batchInterval: seconds(1) })

  test('async listeners are waited for', async () => {
    const done = Promise.withResolvers<void>()
    const bus = busOf({ onStreamingStarted: () => done.promise }, new ManualClock(0))
    bus.tell('onStreamingStarted', event)
    let isSettled = false
    const settled = bus.settled(2_000).then(() => (isSettled = true))
    await new Promise(setImmediate)
    expect(isSettled).toBe(false)
    done.resolve()
    await settled
  })

  test('but not for ever', async () => {
    const clock = new ManualClock(0)
    const bus = busOf({ onStreamingStarted: () => new Promise(() => undefined) }, clock)
    for (let n = 0; n < 5_000; n++) bus.tell('onStreamingStarted', event)
    await clock.until(bus.settled(2_000))
    expect(clock.now()).toBeLessThanOrEqual(10_000)
  })
})

test('a process without listeners makes nothing', () => {
  const plan = { name: 'app', options: {} as never, sources: [], outputs: [] }
  const bus = new ListenerBus({ plan, clock: new ManualClock(0), report: () => undefined })
  bus.tell('onStreamingStarted', () => {
    throw new Error('it was made')
  })
  expect(bus.isHeard).toBe(false)
})

test('each invocation of the driver function waits for them before it answers', async () => {
  const settled = vi.spyOn(ListenerBus.prototype, 'settled')
  const told: number[] = []
  const pipeline = pipelineOf((ssc) => {
    ssc.kinesisTextStream('lines').print()
    ssc.addStreamingListener({ onBatchCompleted: () => void told.push(settled.mock.calls.length) })
  })
  const app = new Deployed(pipeline, { sources: { 'kinesisTextStream-1': toStream } })
  await app.trigger()
  await app.put(1, 'a')
  await app.pass()
  expect(told).toEqual([2])
  expect(settled).toHaveBeenCalledTimes(3)
  settled.mockRestore()
})

test('rows have the texts of Spark', async () => {
  const progress = new StreamingProgress()
  let fails = 1
  const app = await withListener(progress, (a) => {
    a?.passTime(milliseconds(1_640))
    if (fails-- > 0) throw new Error('the sink gave no answer')
  })
  app.input('words').add('a', 'b')
  await app.advance(seconds(5))
  const [second, first] = progress.rows({ timeZone: 'America/Los_Angeles' }).slice(-2)
  expect(first).toMatchObject({
    batchTime: '1969/12/31 16:00:01',
    records: '2 records',
    schedulingDelay: '0 ms',
    processingTime: '2 s',
    totalDelay: '2 s',
    outputOps: '0/1',
    status: 'failed',
  })
  expect(first?.error).toContain('foreachRDD threw')
  expect(second).toMatchObject({ outputOps: '1/1', status: 'completed', error: '' })
  expect(progress.histogram('processingDelay').reduce((sum, { count }) => sum + count, 0)).toBe(
    progress.completedBatches.length,
  )
})

test.each([
  [0, '0 ms'],
  [99, '99 ms'],
  [100, '0.1 s'],
  [999, '1.0 s'],
  [1_000, '1 s'],
  [59_400, '59 s'],
  [60_000, '1.0 min'],
  [599_000, '10.0 min'],
  [600_000, '10 min'],
  [5_400_000, '1.5 h'],
])('%d ms are %s', (ms, text) => expect(durationText(ms)).toBe(text))
