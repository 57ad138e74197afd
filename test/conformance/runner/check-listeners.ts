/** Cases about streaming listeners. */
import {
  type BatchInfo,
  milliseconds,
  type OutputOperationInfo,
  type Pipeline,
  stream,
  type StreamingContext,
  type StreamingListener,
} from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import { systemClock } from '../../../lib/adapters/local/system-clock.ts'
import { compose, type Composition } from '../../../lib/runtime/compose.ts'
import type { RuntimeEvent } from '../../../lib/runtime/events.ts'
import { runLocal } from '../../../lib/runtime/local/run-local.ts'
import { checkBatches, checkSame } from './compare.ts'
import { Mismatch, UnknownWord } from './outcome.ts'
import { type Mode, runPipeline } from './pipeline.ts'
import type { Vector } from './vector.ts'

const options = {
  batchInterval: milliseconds(500),
  whenIdle: 'tick',
  retry: { attempts: 1, for: milliseconds(1) },
} as const

const check = (what: string, holds: boolean): void => {
  if (!holds) throw new Mismatch(what, 'something else')
}

interface Told {
  readonly submitted: BatchInfo[]
  readonly started: BatchInfo[]
  readonly completed: BatchInfo[]
  readonly outputs: OutputOperationInfo[]
  readonly order: string[]
}

/** A listener that keeps what it is told. */
const keeping = (): Told & { readonly listener: StreamingListener } => {
  const told: Told = { submitted: [], started: [], completed: [], outputs: [], order: [] }
  const keep = (kind: 'submitted' | 'started' | 'completed', batchInfo: BatchInfo): void => {
    told[kind].push(batchInfo)
    told.order.push(kind)
  }
  const listener: StreamingListener = {
    onBatchSubmitted: ({ batchInfo }) => keep('submitted', batchInfo),
    onBatchStarted: ({ batchInfo }) => keep('started', batchInfo),
    onBatchCompleted: ({ batchInfo }) => keep('completed', batchInfo),
    onOutputOperationStarted: () => void told.order.push('output started'),
    onOutputOperationCompleted: ({ outputOperationInfo }) => {
      told.outputs.push(outputOperationInfo)
      told.order.push('output completed')
    },
  }
  return { ...told, listener }
}

const areInOrder = (times: readonly (number | undefined)[]): boolean =>
  times.every((time, index) => time !== undefined && time >= (times[index - 1] ?? 0))

/** Each batch is submitted, started and completed, with more known each time. */
const checkBatchInfo = async (vector: Vector, mode: Mode): Promise<void> => {
  const { listener, ...told } = keeping()
  const listening = (ssc: StreamingContext): void => ssc.addStreamingListener(listener)
  const { batches } = await runPipeline({ ...vector, op: 'map' }, mode, listening)
  const expected = vector.expectedBatches ?? []
  checkBatches(vector.compare, expected, batches.slice(0, expected.length))
  for (const kind of ['submitted', 'started', 'completed'] as const) {
    const all = told[kind]
    checkSame(expected.length, all.length)
    for (const { numRecords, streamIdToInputInfo } of all)
      checkSame(
        [1, [[0, 1]]],
        [numRecords, [...streamIdToInputInfo].map(([id, info]) => [id, info.numRecords])],
      )
  }
  for (const { schedulingDelay, processingDelay, totalDelay } of told.submitted)
    checkSame([null, null, null], [schedulingDelay, processingDelay, totalDelay])
  for (const { schedulingDelay, processingDelay, totalDelay } of told.started)
    checkSame([true, null, null], [Number(schedulingDelay) >= 0, processingDelay, totalDelay])
  for (const { schedulingDelay, processingDelay, totalDelay } of told.completed)
    check(
      'delays of 0 or more',
      [schedulingDelay, processingDelay, totalDelay].every((ms) => Number(ms) >= 0),
    )
  for (const name of ['submissionTime', 'processingStartTime', 'processingEndTime'] as const)
    check(`${name} in order`, areInOrder(told.completed.map((batch) => batch[name])))
  const once = ['submitted', 'started', 'output started', 'output completed', 'completed']
  checkSame(
    expected.flatMap(() => once),
    told.order,
  )
}

const throwing = (output: string): never => {
  const text = /^throw "(.*)"$/.exec(output)?.[1]
  if (text === undefined) throw new UnknownWord('output', output)
  throw new Error(text)
}

/** The batch completes, and says which outputs have failed and why. Who waits gets the error. */
const checkFailures = async ({ params, expectedValue }: Vector): Promise<void> => {
  const outputs = (params['outputs'] as readonly string[] | undefined) ?? []
  const { listener, ...told } = keeping()
  const pipeline = stream('failures', options, (ssc) => {
    ssc.addStreamingListener(listener)
    const words = ssc.kinesisTextStream('in')
    for (const output of outputs) words.foreachRDD(() => throwing(output))
    words.foreachRDD(() => undefined)
  })
  const app = await testStream(pipeline, { now: new Date(0) })
  const error: unknown = await app.advance(milliseconds(500)).catch((thrown: unknown) => thrown)
  const reasons = [...(told.completed[0]?.outputOperationInfos ?? [])].flatMap(
    ([id, { failureReason }]) =>
      failureReason === undefined ? [] : [[id, failureReason] as const],
  )
  const expected = Object.entries(expectedValue as Readonly<Record<string, string>>)
  checkSame(
    expected.map(([id]) => Number(id)),
    reasons.map(([id]) => id),
  )
  for (const [index, [, text]] of expected.entries())
    check(text, reasons[index]?.[1].includes(text.replace(/^contains /, '')) === true)
  checkSame(expected.length > 0, error instanceof Error)
  checkSame(outputs.length + 1, told.outputs.length)
}

const composed = async (
  pipeline: Pipeline,
  listen: (event: RuntimeEvent) => void = () => undefined,
): Promise<Composition> => {
  let attempts = 0
  const plan = pipeline.build()
  return compose({
    plan,
    generation: 1,
    ports: {
      store: memoryItemStore(),
      clock: systemClock(),
      randomness: { attemptId: () => `attempt${++attempts}` },
      sources: {},
      sinks: {},
    },
    locations: new Map(plan.sources.map(({ id, node }) => [id, { kind: node.source.kind }])),
    locateOutput: () => ({ kind: 'none', path: '' }),
    listen,
    leaseMs: 0,
  })
}

/** A receiver is told when it starts, reports an error, and stops. */
const checkReceiver = async ({ params, expectedValue }: Vector): Promise<void> => {
  const [, message, exception] =
    /^reports error "(.*)" with exception "(.*)", then stops$/.exec(String(params['receiver'])) ??
    []
  if (message === undefined) throw new UnknownWord('receiver', params['receiver'])
  const told = { started: [] as number[], stopped: [] as number[], errors: 0 }
  const pipeline = stream('receiver', options, (ssc) => {
    ssc
      .receiverStream(async ({ report }) => report(message, new Error(exception)))
      .foreachRDD(() => undefined)
    ssc.addStreamingListener({
      onReceiverStarted: ({ receiverInfo }) => void told.started.push(receiverInfo.streamId),
      onReceiverStopped: ({ receiverInfo }) => void told.stopped.push(receiverInfo.streamId),
      onReceiverError({ receiverInfo: { streamId, lastErrorMessage, lastError } }) {
        told.errors += 1
        checkSame([0, message, exception], [streamId, lastErrorMessage, lastError])
      },
    })
  })
  const failed: string[] = []
  const { runner, receivers } = await composed(pipeline, (event) => {
    if (event.event === 'warning') failed.push(event.message)
  })
  await runLocal({ runner, receivers, once: true, signal: new AbortController().signal })
  checkSame([], failed)
  checkSame(expectedValue, told)
}

/** There is no `stop` to call. A listener that tries fails, and the batches go on. */
const checkStop = async (): Promise<void> => {
  const pipeline = stream('stop', options, (ssc) => {
    ssc.kinesisTextStream('in').foreachRDD(() => undefined)
    ssc.addStreamingListener({
      onBatchCompleted: () => (ssc as unknown as { readonly stop: () => void }).stop(),
    })
  })
  const app: TestStream = await testStream(pipeline, { now: new Date(0) })
  await app.advance(milliseconds(1_000))
  const warnings = app.events.flatMap((event) => (event.event === 'warning' ? [event.code] : []))
  checkSame(['LISTENER_FAILED', 'LISTENER_FAILED'], warnings)
  checkSame(2, app.output('foreachRDD-1').batches.length)
}

/** What happens after the end of a run is told to nobody. */
const checkStopped = async ({ expectedValue }: Vector): Promise<void> => {
  let told = 0
  const pipeline = stream('stopped', options, (ssc) => {
    ssc.queueStream([['a']]).foreachRDD(() => undefined)
    ssc.addStreamingListener({ onStreamingStarted: () => void (told += 1) })
  })
  const { runner, receivers } = await composed(pipeline)
  await runLocal({ runner, receivers, once: true, signal: new AbortController().signal })
  const before = told
  checkSame(1, before)
  const batchInterval = milliseconds(500)
  runner.listeners?.tell('onStreamingStarted', () => ({ time: 0, name: 'late', batchInterval }))
  checkSame(expectedValue, told - before)
}

const checkListener = async (vector: Vector, mode: Mode): Promise<void> => {
  if (vector.expectedBatches !== undefined && vector.inputBatches.length > 0)
    return checkBatchInfo(vector, mode)
  if ('receiver' in vector.params) return checkReceiver(vector)
  if (vector.name.startsWith('onBatchCompleted')) return checkFailures(vector)
  if (vector.name.includes('ssc.stop')) return checkStop()
  if (vector.name.includes('after stopping')) return checkStopped(vector)
  throw new UnknownWord('listener', vector.name)
}

/** The checks, by operation. */
export const listenerChecks = { listener: checkListener }
