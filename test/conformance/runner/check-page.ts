/** Cases about what Spark's streaming page shows: the model behind the page, and its texts. */
import {
  type BatchInfo,
  type OutputOperationInfo,
  StreamingProgress,
  type StreamInputInfo,
  timeOf,
} from 'millrace'
import {
  batchTimeText,
  inUnit,
  normalizeDuration,
  timeUnits,
  unitText,
} from '../../../lib/dstream/listening/time-text.ts'
import { checkSame } from './compare.ts'
import { Mismatch, UnknownWord } from './outcome.ts'
import type { Params, Vector } from './vector.ts'

const TOLERANCE = 1e-6

const checkNear = (expected: unknown, got: number): void => {
  if (Math.abs(Number(expected) - got) > TOLERANCE) throw new Mismatch(expected, got)
}

const checkUnits = async ({ expectedValue }: Vector): Promise<void> =>
  checkSame(expectedValue, Object.fromEntries(timeUnits.map((unit) => [unit, unitText(unit)])))

const checkNormalized = async ({ params, expectedValue }: Vector): Promise<void> => {
  const expected = expectedValue as readonly (readonly [number, string])[]
  for (const [index, durationMs] of (params['inputsMs'] as readonly number[]).entries()) {
    const [value, unit] = normalizeDuration(durationMs)
    checkNear(expected[index]?.[0], value)
    checkSame(expected[index]?.[1], unit)
  }
}

const checkConverted = async ({ params, expectedValue }: Vector): Promise<void> => {
  for (const [unit, expected] of Object.entries(expectedValue as object)) {
    const known = timeUnits.find((one) => one === unit)
    if (known === undefined) throw new UnknownWord('unit', unit)
    checkNear(expected, inUnit(Number(params['inputMs']), known))
  }
}

const checkTimes = async ({ params, expectedTable = [] }: Vector): Promise<void> => {
  const timeZone = String(params['timezone'])
  for (const { interval, withDate, is } of expectedTable as readonly Params[])
    checkSame(
      is,
      batchTimeText(Number(params['timeMs']), {
        intervalMs: Number(interval),
        withDate: withDate === true,
        timeZone,
      }),
    )
}

const batchAt = (timeMs: number, more: Partial<BatchInfo> = {}): BatchInfo => ({
  batchTime: timeOf(timeMs),
  attempt: 1,
  streamIdToInputInfo: new Map(),
  submissionTime: timeMs,
  numRecords: 0,
  outputOperationInfos: new Map(),
  ...more,
})

const outputAt = (timeMs: number, id: number): { outputOperationInfo: OutputOperationInfo } => ({
  outputOperationInfo: { batchTime: timeOf(timeMs), id, name: `out-${id}`, description: '' },
})

/** Received records count when a batch starts, processed ones when it completes. */
const checkCounts = async ({ params, expectedTable = [] }: Vector): Promise<void> => {
  const { time, records, submission, start } = params['batch'] as {
    readonly [name in 'time' | 'submission' | 'start']: number
  } & { readonly records: Readonly<Record<string, number>> }
  const inputs = Object.entries(records).map(([id, numRecords]): [number, StreamInputInfo] => [
    Number(id),
    { inputStreamId: Number(id), name: id, numRecords, metadata: {} },
  ])
  const numRecords = inputs.reduce((sum, [, info]) => sum + info.numRecords, 0)
  const batchInfo = batchAt(time, {
    submissionTime: submission,
    processingStartTime: start,
    streamIdToInputInfo: new Map(inputs),
    numRecords,
  })
  const progress = new StreamingProgress()
  const steps: Readonly<Record<string, () => void>> = {
    'streamingStarted(100)': () => progress.onStreamingStarted({ time: 100 }),
    submitted: () => progress.onBatchSubmitted({ batchInfo }),
    started: () => progress.onBatchStarted({ batchInfo }),
    completed: () => progress.onBatchCompleted({ batchInfo }),
  }
  for (const { after, ...expected } of expectedTable as readonly Params[]) {
    const step = steps[String(after)]
    if (step === undefined) throw new UnknownWord('event', after)
    step()
    const got: Readonly<Record<string, unknown>> = {
      startTime: progress.startTime,
      waiting: progress.waitingBatches.length,
      running: progress.runningBatches.length,
      completed: progress.completedBatches.length,
      unprocessed: progress.unprocessedBatches,
      totalCompleted: progress.totalCompletedBatches,
      processedRecords: progress.processedRecords,
      receivedRecords: progress.receivedRecords,
    }
    checkSame(expected, Object.fromEntries(Object.keys(expected).map((name) => [name, got[name]])))
  }
}

/** Jobs of Spark are outputs here: those that come before their batch belong to it, too. */
const checkOutOfOrder = async (): Promise<void> => {
  const progress = new StreamingProgress()
  for (const id of [0, 1]) progress.onOutputOperationStarted(outputAt(1_000, id))
  const batchInfo = batchAt(1_000)
  progress.onBatchSubmitted({ batchInfo })
  progress.onBatchStarted({ batchInfo })
  for (const id of [2, 3]) progress.onOutputOperationStarted(outputAt(1_000, id))
  progress.onBatchCompleted({ batchInfo })
  checkSame([0, 1, 2, 3], [...progress.outputsOf(1_000).keys()])
  // Those that come long after their batches are gone do not pile up.
  const times = Array.from({ length: 1_000 }, (_, index) => 100_000 + index * 100)
  for (const timeMs of times) progress.onOutputOperationStarted(outputAt(timeMs, 0))
  const kept = times.filter((timeMs) => progress.outputsOf(timeMs).size > 0)
  const known = progress.unprocessedBatches + progress.completedBatches.length
  if (kept.length > known + 10) throw new Mismatch(`at most ${known + 10}`, kept.length)
}

const checkBounded = async ({ params, expectedValue }: Vector): Promise<void> => {
  const progress = new StreamingProgress()
  for (let n = 1; n <= Number(params['batches']); n++) {
    const batchInfo = batchAt(n * 100)
    progress.onBatchSubmitted({ batchInfo })
    progress.onBatchStarted({ batchInfo })
    for (const id of [0, 1, 2, 3]) progress.onOutputOperationStarted(outputAt(n * 100, id))
    progress.onBatchCompleted({ batchInfo })
  }
  checkSame(expectedValue, {
    waiting: progress.waitingBatches.length,
    running: progress.runningBatches.length,
    retained: progress.completedBatches.length,
  })
}

const checkProgress = async (vector: Vector): Promise<void> => {
  if ('batch' in vector.params) return checkCounts(vector)
  if ('batches' in vector.params) return checkBounded(vector)
  if (vector.name.startsWith('out-of-order')) return checkOutOfOrder()
  throw new UnknownWord('listener', vector.name)
}

/** The checks, by operation. */
export const pageChecks = {
  'ui.unit': checkUnits,
  'ui.normalize': checkNormalized,
  'ui.convert': checkConverted,
  'ui.formatBatchTime': checkTimes,
  progressListener: checkProgress,
}
