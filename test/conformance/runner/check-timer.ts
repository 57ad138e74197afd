/**
 * Cases about the times of batches: the first batch, batches after a restart, and repeated batches.
 */
import { milliseconds, type Pipeline, stream, type StreamingContext } from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { checkSame } from './compare.ts'
import type { Vector } from './vector.ts'

const ticking = (intervalMs: number, describe: (ssc: StreamingContext) => void): Pipeline =>
  stream('timer', { batchInterval: milliseconds(intervalMs), whenIdle: 'tick' }, describe)

const idle = (ssc: StreamingContext): void =>
  ssc.kinesisTextStream('in').foreachRDD(() => undefined)

const timesOf = (app: TestStream): readonly number[] =>
  app.output('foreachRDD-1').batches.map(({ timeMs }) => timeMs)

const checkFirst = async ({ params, batchIntervalMs, expectedValue }: Vector): Promise<void> => {
  const app = await testStream(ticking(batchIntervalMs, idle), {
    now: new Date(Number(params['nowMs'])),
  })
  await app.advance(milliseconds(batchIntervalMs))
  const [firstBatch = 0] = timesOf(app)
  checkSame(expectedValue, { firstBatch, zeroTime: firstBatch - batchIntervalMs })
}

/**
 * A zero time that is not a multiple of the interval comes from an earlier deployment with a
 * shorter interval.
 */
const checkAfterRestart = async ({
  params,
  batchIntervalMs,
  expectedValue,
}: Vector): Promise<void> => {
  const [nowMs, zeroMs] = [Number(params['nowMs']), Number(params['zeroTimeMs'])]
  const firstIntervalMs = zeroMs % batchIntervalMs === 0 ? batchIntervalMs : zeroMs
  const app = await testStream(ticking(firstIntervalMs, idle), { now: new Date(zeroMs) })
  await app.restart({
    pipeline: ticking(batchIntervalMs, idle),
    downFor: milliseconds(nowMs - zeroMs),
  })
  const before = timesOf(app).length
  await app.advance(milliseconds(batchIntervalMs))
  checkSame(expectedValue, timesOf(app)[before])
}

/**
 * The batches that run when a process comes back, and the next one. Unfinished batches failed for
 * as long as the first process lived.
 */
const checkRecovery = async ({ params, batchIntervalMs, expectedValue }: Vector): Promise<void> => {
  const pending = params['pendingTimes'] as readonly number[]
  const [checkpointMs, nowMs] = [Number(params['checkpointTime']), Number(params['nowMs'])]
  let lives = true
  const describe = (ssc: StreamingContext): void =>
    ssc.kinesisTextStream('in').foreachRDD((_, { milliseconds: timeMs }) => {
      if (lives && pending.includes(timeMs)) throw new Error('not finished')
    })
  const app = await testStream(ticking(batchIntervalMs, describe), {
    now: new Date(Number(params['zeroTimeMs'])),
    failures: 'record',
  })
  await app.advance(milliseconds(checkpointMs - app.nowMs))
  const before = timesOf(app).length
  lives = false
  await app.restart({ downFor: milliseconds(nowMs - app.nowMs) })
  // A batch that failed is tried again after its pause, which may end with the next batch time.
  await app.advance(milliseconds(batchIntervalMs))
  const after = timesOf(app).slice(before)
  checkSame(expectedValue, {
    rerun: after.filter((timeMs) => timeMs <= nowMs),
    nextBatch: after.find((timeMs) => timeMs > nowMs),
  })
}

/** The checks, by operation. */
export const timerChecks = {
  jobTimer: checkFirst,
  'jobTimer.restart': checkAfterRestart,
  recovery: checkRecovery,
}
