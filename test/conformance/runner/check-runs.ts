/**
 * Cases about a run: events of its batches, the errors of its failures, and the state after a
 * second start.
 */
import { milliseconds, MillraceError, stream, type StreamingContext } from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { functionReceiver } from '../../../lib/runtime/sources/receiver/function-receiver.ts'
import { checkBatches, checkSame, checkSet } from './compare.ts'
import { Mismatch, UnknownWord } from './outcome.ts'
import { type Mode, runPipeline } from './pipeline.ts'
import type { Params, Vector } from './vector.ts'

const options = {
  batchInterval: milliseconds(500),
  whenIdle: 'tick',
  retry: { attempts: 1, for: milliseconds(1) },
} as const

/** Each batch has an event at its start and at its end, in order, with its records. */
const checkBatchEvents = async (vector: Vector, mode: Mode): Promise<void> => {
  const { app, batches } = await runPipeline({ ...vector, op: 'map' }, mode)
  const expected = vector.expectedBatches ?? []
  checkBatches(vector.compare, expected, batches.slice(0, expected.length))
  const told = app.events.flatMap((event) =>
    event.event === 'batchStarted' || event.event === 'batchCompleted'
      ? [[event.event, event.timeMs, event.records]]
      : [],
  )
  const times = batches.map((_, index) => (index + 1) * vector.batchIntervalMs)
  checkSame(
    times.flatMap((timeMs) => [
      ['batchStarted', timeMs, 1],
      ['batchCompleted', timeMs, 1],
    ]),
    told,
  )
}

/** Every failed output has an event, with its error. */
const checkFailures = async ({ params, expectedValue }: Vector): Promise<void> => {
  const outputs = (params['outputs'] as readonly string[] | undefined) ?? []
  const pipeline = stream('failures', options, (ssc) => {
    const words = ssc.kinesisTextStream('in')
    words.foreachRDD(() => undefined)
    for (const output of outputs) words.foreachRDD(() => throwing(output))
  })
  const app = await testStream(pipeline, { now: new Date(0), failures: 'record' })
  await app.advance(milliseconds(500))
  const expected = Object.values(expectedValue as object).map((text) =>
    String(text).replace(/^contains /, ''),
  )
  checkSame(expected.length > 0, app.failures.length > 0)
  const message = app.failures[0]?.error.message ?? ''
  checkSame(
    expected,
    expected.filter((text) => message.includes(text)),
  )
}

const throwing = (output: string): never => {
  const text = /^throw "(.*)"$/.exec(output)?.[1]
  if (text === undefined) throw new UnknownWord('output', output)
  throw new Error(text)
}

/** Reports of a receiver carry the name of its source. So do its start and its end. */
const checkReceiver = async ({ params, expectedValue }: Vector): Promise<void> => {
  const [, error, exception] =
    /^reports error "(.*)" with exception "(.*)", then stops$/.exec(String(params['receiver'])) ??
    []
  if (error === undefined) throw new UnknownWord('receiver', params['receiver'])
  const said: string[] = []
  const sink = {
    store: async () => undefined,
    report: (message: string) => void said.push(message),
  }
  const clock = { now: () => 0, sleep: async () => undefined }
  const receiver = functionReceiver(
    'receiverStream-1',
    async ({ report }) => report(`${error}: ${exception}`),
    clock,
  )
  await receiver.run(sink, { signal: new AbortController().signal, untilEnd: true })
  const count = (message: string): number => said.filter((one) => one === message).length
  const all = {
    started: Array(count('it has started')).fill(0),
    stopped: Array(count('it has stopped')).fill(0),
  }
  checkSame(expectedValue, { ...all, errors: count(`${error}: ${exception}`) })
}

/**
 * How late a batch started and how long it took. Each batch reports these two delays; the third
 * delay is their sum.
 */
const checkDelays = async ({ params, batchIntervalMs, expectedValue }: Vector): Promise<void> => {
  const [submission, start, end] = ['submission', 'processingStart', 'processingEnd'].map((name) =>
    Number(params[name]),
  ) as [number, number, number]
  const pipeline = stream(
    'delays',
    { batchInterval: milliseconds(batchIntervalMs), whenIdle: 'tick' },
    (ssc) => {
      ssc.kinesisTextStream('in').foreachRDD((_, { milliseconds: timeMs }) => {
        if (timeMs === submission && end > start) app.passTime(milliseconds(end - start))
      })
    },
  )
  const app: TestStream = await testStream(pipeline, {
    now: new Date(submission - batchIntervalMs),
  })
  await app.restart({ downFor: milliseconds(start - app.nowMs) })
  const [started] = app.events.filter((event) => event.event === 'batchStarted')
  const [completed] = app.events.filter((event) => event.event === 'batchCompleted')
  const [schedulingDelay = 0, processingDelay = 0] = [started?.delayMs, completed?.processingMs]
  checkSame(expectedValue, {
    schedulingDelay,
    processingDelay,
    totalDelay: schedulingDelay + processingDelay,
  })
}

const checkListener = async (vector: Vector, mode: Mode): Promise<void> => {
  if (vector.expectedBatches !== undefined && vector.inputBatches.length > 0)
    return checkBatchEvents(vector, mode)
  if ('receiver' in vector.params) return checkReceiver(vector)
  if (vector.name.startsWith('onBatchCompleted')) return checkFailures(vector)
  throw new UnknownWord('listener', vector.name)
}

/** A function that throws ends the wait for the batch, with its error. */
const checkSurfacing = async (op: string): Promise<void> => {
  const refuse = (): never => {
    throw new Error('This is a special error')
  }
  const pipeline = stream('surfacing', options, (ssc) => {
    const words = ssc.kinesisTextStream('in')
    const failing = op.startsWith('transform')
      ? words.transform(refuse)
      : words.mapPartitions(refuse)
    failing.foreachRDD(async (rdd) => void (await rdd.count()))
  })
  const app = await testStream(pipeline, { now: new Date(0) })
  app.input('in').add('a')
  const error: unknown = await app.advance(milliseconds(500)).catch((thrown: unknown) => thrown)
  if (!(error instanceof MillraceError) || !error.message.includes('This is a special error'))
    throw new Mismatch('an error with "This is a special error"', String(error))
}

/** Nothing can be added to a finished pipeline. */
const checkFrozen = (): void => {
  let context: StreamingContext | undefined
  const pipeline = stream('frozen', options, (ssc) => {
    context = ssc
    ssc.kinesisTextStream('in').print()
  })
  pipeline.build()
  const late = [
    () => context?.kinesisTextStream('more'),
    () => context?.textFileStream('more'),
    () => context?.queueStream([]),
  ]
  checkSame(
    late.map(() => 'PLAN_FROZEN'),
    late.map((add) => codeOf(add)),
  )
}

const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'nothing'
  } catch (error) {
    return error instanceof MillraceError ? error.code : String(error)
  }
}

/**
 * The subjects of the steps in a context's life. What a pipeline does not have is checked on its
 * replacement: see instead.ts.
 */
const STEPS = [
  'active addInput addOutput addTransformation awaitTermination awaitTerminationOrTimeout ' +
    'callerThread checkpointDir clock conf',
  'confRecovered createOnError created ctx1 ctx2 getActive inJob input ' +
    'metricsSourceRegistered op output path processedRecords receiver',
  'returns setAfterStart setBeforeStart start state stateIsNot stop ' +
    'stopFromOtherThreadAfterMs throws useSparkContext waitMs',
].flatMap((line) => line.split(' '))

/**
 * Scripts of a context's life, as far as a pipeline has one. Undefined: this script has no
 * counterpart here.
 */
export const lifecycleCheck = ({ script = [] }: Vector): (() => Promise<void>) | undefined => {
  const steps = script as readonly Params[]
  const stray = steps.flatMap((step) => Object.keys(step)).find((name) => !STEPS.includes(name))
  if (stray !== undefined || steps.length === 0)
    return async () => {
      throw new UnknownWord('step', stray ?? script)
    }
  const op = steps.find((step) => 'op' in step)?.['op']
  if (steps.some((step) => 'addInput' in step)) return async () => checkFrozen()
  if (typeof op === 'string' && op.includes('without output'))
    return async () =>
      checkSame(
        'PLAN_NO_OUTPUT',
        codeOf(() => stream('none', options, (ssc) => void ssc.kinesisTextStream('in')).build()),
      )
  return typeof op === 'string' ? async () => checkSurfacing(op) : undefined
}

interface Round {
  readonly n: number
  readonly distinctCounts: readonly number[]
  readonly recovered?: boolean
}

/** A start on an existing store continues with its content. */
const checkRecovered = async ({ batchIntervalMs, expectedTable = [] }: Vector): Promise<void> => {
  const pipeline = stream('rounds', { batchInterval: milliseconds(batchIntervalMs) }, (ssc) => {
    const ones = ssc.textFileStream('in').mapToPair((line) => [line, 1])
    ones
      .updateStateByKey<number>((values, total = 0) => values.reduce((a, b) => a + b, total))
      .saveAsTextFiles('out')
  })
  const app = await testStream(pipeline, { now: new Date(0) })
  for (const { n, distinctCounts, recovered } of expectedTable as readonly Round[]) {
    if (recovered === true) await app.restart({ downFor: milliseconds(batchIntervalMs) })
    app
      .input('in')
      .addFile(`file-${n}`, Array.from({ length: 10 }, (_, line) => `${line}\n`).join(''))
    await app.advance(milliseconds(batchIntervalMs))
    const states = await app.state<string, number>('updateStateByKey-1')
    checkSet(distinctCounts, [...new Set(states.map(([, count]) => count))])
  }
}

/** The checks, by operation. */
export const runChecks = {
  listener: checkListener,
  batchInfo: checkDelays,
  'getOrCreate/getActiveOrCreate': checkRecovered,
}
