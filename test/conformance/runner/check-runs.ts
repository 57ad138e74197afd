/**
 * Cases about a run: events of its batches, the errors of its failures, and the state after a
 * second start.
 */
import { milliseconds, MillraceError, stream, type StreamingContext } from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { checkSame, checkSet } from './compare.ts'
import { Mismatch, UnknownWord } from './outcome.ts'
import type { Params, Vector } from './vector.ts'

const options = {
  batchInterval: milliseconds(500),
  whenIdle: 'tick',
  retry: { attempts: 1, for: milliseconds(1) },
} as const

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
  batchInfo: checkDelays,
  'getOrCreate/getActiveOrCreate': checkRecovered,
}
