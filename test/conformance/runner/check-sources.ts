/** Cases of queues and sockets, and of output operations. */
import { dirname } from 'node:path'
import { milliseconds, stream } from 'millrace'
import { testStream } from 'millrace/testing'
import { isReceiver } from '../../../lib/dstream/sources/receiver.ts'
import { checkBatches, checkSame, checkSet } from './compare.ts'
import { type Mode, runPipeline } from './pipeline.ts'
import type { Batch, Vector } from './vector.ts'
import { binaryFunction, elementFunction } from './words/functions.ts'

type Queue = (readonly unknown[])[]

/**
 * A queue lives in the memory of one process, so these cases run warm. Another test checks that a
 * queue is gone with its process.
 */
const checkQueue = async (vector: Vector): Promise<void> => {
  const {
    params,
    batchIntervalMs,
    inputBatches,
    expectedBatches = [],
    skipEmptyBatches,
    compare,
  } = vector
  const { enqueuePerTick, queue: filled = inputBatches, oneAtATime = true, defaultDataset } = params
  const queue: Queue = enqueuePerTick === undefined ? [...(filled as Queue)] : []
  const choice =
    defaultDataset === undefined ? {} : { whenEmpty: defaultDataset as readonly unknown[] }
  const pipeline = stream('queue', { batchInterval: milliseconds(batchIntervalMs) }, (ssc) =>
    ssc
      .queueStream(queue, { oneAtATime: oneAtATime as boolean, ...choice })
      .foreachRDD(() => undefined),
  )
  const app = await testStream(pipeline, { now: new Date(0), whenIdle: 'tick' })
  for (let index = 0; index < Math.max(inputBatches.length, expectedBatches.length); index++) {
    for (const item of (enqueuePerTick as readonly Queue[number][] | undefined)?.[index] ?? [])
      queue.push([item])
    await app.advance(milliseconds(batchIntervalMs))
  }
  const got = app.output('foreachRDD-1').elements.map((elements) => elements ?? null)
  const leavesOut = skipEmptyBatches === true || enqueuePerTick !== undefined
  checkBatches(
    compare,
    expectedBatches,
    leavesOut ? got.filter((batch) => batch !== null && batch.length > 0) : got,
  )
}

const checkSocket = async (
  { batchIntervalMs, inputBatches, expectedBatches = [], compare }: Vector,
  { cold }: Mode,
): Promise<void> => {
  const pipeline = stream('socket', { batchInterval: milliseconds(batchIntervalMs) }, (ssc) =>
    ssc.socketTextStream('localhost', 9999).foreachRDD(() => undefined),
  )
  const app = await testStream(pipeline, { now: new Date(0), whenIdle: 'tick' })
  for (const batch of inputBatches) {
    app.input('localhost:9999').add(...(batch ?? []))
    await app.advance(milliseconds(batchIntervalMs))
    if (cold) await app.restart()
  }
  checkBatches(compare, expectedBatches, app.output('foreachRDD-1').elements as readonly Batch[])
}

/** Many threads store records one by one. The batches must count all stored records. */
const checkReceiver = async ({ params, batchIntervalMs, expectedValue }: Vector): Promise<void> => {
  const { threads, recordsPerThread } = params
  const pipeline = stream('receiver', { batchInterval: milliseconds(batchIntervalMs) }, (ssc) =>
    ssc
      .receiverStream<number>(async ({ store }) => {
        const thread = async (): Promise<void> => {
          for (let n = 0; n < Number(recordsPerThread); n++) await store(n)
        }
        await Promise.all(Array.from({ length: Number(threads) }, thread))
      })
      .foreachRDD(() => undefined),
  )
  const app = await testStream(pipeline, { now: new Date(0) })
  const [planned] = pipeline.build().sources
  const stopped = new AbortController().signal
  const declared = planned?.node.source
  if (planned !== undefined && declared !== undefined && isReceiver(declared)) {
    const input = app.input(planned.id)
    await declared.receive({
      store: async (...records) => void input.add(...records),
      report: () => undefined,
      signal: stopped,
    })
  }
  await app.advance(milliseconds(2 * batchIntervalMs))
  checkSame(
    expectedValue,
    app
      .output('foreachRDD-1')
      .elements.reduce((total, elements) => total + (elements?.length ?? 0), 0),
  )
}

/** Inputs have different ids, in the order in which they are made. */
const checkInputs = async ({ params, expectedValue }: Vector): Promise<void> => {
  const { receiverStreams, otherStreams } = params
  const pipeline = stream('inputs', { batchInterval: milliseconds(1_000) }, (ssc) => {
    for (let n = 0; n < Number(receiverStreams); n++)
      ssc.receiverStream(async () => undefined).foreachRDD(() => undefined)
    for (let n = 0; n < Number(otherStreams); n++) ssc.queueStream([]).foreachRDD(() => undefined)
  })
  const { sources } = pipeline.build()
  const receivers = sources.flatMap(({ node }, index) => (isReceiver(node.source) ? [index] : []))
  checkSame(sources.length, new Set(sources.map(({ id }) => id)).size)
  checkSame(expectedValue, { ids: sources.map((_, index) => index), receiverIds: receivers })
}

/** The batches for which the function is called, and its arguments. */
const checkForeach = async (vector: Vector, mode: Mode): Promise<void> => {
  const { app } = await runPipeline(
    { ...vector, op: 'restart', expectedBatches: vector.inputBatches },
    mode,
  )
  const { runs } = app.output('foreachRDD-1')
  const counted = {
    datasets: runs.length,
    elements: runs.reduce((total, { elements }) => total + (elements?.length ?? 0), 0),
  }
  const answers: Readonly<Record<string, unknown>> = {
    calls: runs.map(({ timeMs }) => timeMs),
    ...counted,
  }
  const asked = Object.keys(vector.expectedValue as object)
  checkSame(vector.expectedValue, Object.fromEntries(asked.map((name) => [name, answers[name]])))
}

/** The time in ISO form, which Spark does not print. */
const IN_ISO = / \(\S+Z\)$/m

const checkPrint = async ({
  params,
  batchIntervalMs,
  inputBatches,
  expectedBatches,
}: Vector): Promise<void> => {
  const now = new Date(Number(params['batchTimeMs']) - batchIntervalMs)
  const pipeline = stream('print', { batchInterval: milliseconds(batchIntervalMs) }, (ssc) =>
    ssc.queueStream<unknown>([inputBatches[0] ?? []]).print(Number(params['num'])),
  )
  const app = await testStream(pipeline, { now })
  await app.advance(milliseconds(batchIntervalMs))
  const [first] = app.output('print-1').batches
  checkSame(expectedBatches?.[0], first?.printed.replace(IN_ISO, '').split('\n').slice(0, -1))
}

/** The name of the directory of a batch. Its time must lie on the grid of batches. */
const checkNaming = async ({ params, expectedValue }: Vector): Promise<void> => {
  const timeMs = Number(params['timestampMs'])
  const intervalMs = [1_000, 10].find((candidate) => timeMs % candidate === 0) ?? 11
  const pipeline = stream('naming', { batchInterval: milliseconds(intervalMs) }, (ssc) =>
    ssc
      .queueStream<unknown>([])
      .saveAsTextFiles(
        (params['prefix'] as string | null) ?? '',
        (params['suffix'] as string | null) ?? '',
      ),
  )
  const app = await testStream(pipeline, { now: new Date(timeMs - intervalMs) })
  await app.advance(milliseconds(intervalMs))
  checkSame(
    [expectedValue],
    Object.keys(app.files).map((path) => dirname(path)),
  )
}

/**
 * Files of pairs, written with a restart in between. Each batch has its own files, complete and
 * once.
 */
const checkSaving = async (
  { op, params, batchIntervalMs, inputBatches, expectedBatches = [] }: Vector,
  { cold }: Mode,
): Promise<void> => {
  const pipeline = stream('saving', { batchInterval: milliseconds(batchIntervalMs) }, (ssc) => {
    const pairs = ssc
      .kinesisTextStream('in')
      .mapToPair((word) => elementFunction(params['f'])(word) as [string, unknown])
    const reduced = pairs.reduceByKey(binaryFunction(params['reduce']))
    if (op !== 'transform+save') return reduced.saveAsTextFiles('out', String(params['suffix']))
    const saved = reduced.transform(async (rdd, time) => {
      await rdd.saveAsTextFile(`out-${time.milliseconds}.result`)
      return rdd
    })
    return saved.foreachRDD(() => undefined)
  })
  const app = await testStream(pipeline, { now: new Date(0), whenIdle: 'tick' })
  for (const [index, batch] of inputBatches.entries()) {
    app.input('in').add(...(batch ?? []))
    await app.advance(milliseconds(batchIntervalMs))
    if (cold || params['restartAfterBatches'] === index + 1) await app.restart()
  }
  expectedBatches.forEach((expected, index) => {
    const text = app.files[`out-${(index + 1) * batchIntervalMs}.result/part-00000`] ?? 'no file'
    const lines = (expected ?? []).map((pair) => `(${(pair as readonly unknown[]).join(',')})`)
    checkSet(lines, text.split('\n').slice(0, -1))
  })
}

/** The checks, by operation. */
export const sourceChecks = {
  queueStream: checkQueue,
  socketTextStream: checkSocket,
  receiverStream: checkReceiver,
  'context.inputs': checkInputs,
  foreachRDD: checkForeach,
  print: checkPrint,
  'saveAs* naming': checkNaming,
  saveAsHadoopFiles: checkSaving,
  saveAsNewAPIHadoopFiles: checkSaving,
  'transform+save': checkSaving,
}
