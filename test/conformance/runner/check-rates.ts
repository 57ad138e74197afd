/** Cases of rate control: Spark's estimator, the limits of rates, and what batches take then. */
import {
  type BackpressureOptions,
  milliseconds,
  type RateOptions,
  stream,
  type StreamingContext,
} from 'millrace'
import { testStream } from 'millrace/testing'
import type { RateLimits } from '../../../lib/dstream/rate.ts'
import { estimateAfter, rateLimit, withinRate } from '../../../lib/runtime/driver/rates.ts'
import type { RateEstimate } from '../../../lib/state/load.ts'
import { seededRandom } from '../../../lib/base/seeded.ts'
import { checkSame } from './compare.ts'
import { Mismatch } from './outcome.ts'
import type { Vector } from './vector.ts'

const taken = (ssc: StreamingContext): void =>
  ssc.kinesisTextStream('in').foreachRDD(() => undefined)

const pipelineOf = (
  batchIntervalMs: number,
  rate: RateOptions,
  describe: (ssc: StreamingContext) => void = taken,
): ReturnType<typeof stream> =>
  stream('rates', { batchInterval: milliseconds(batchIntervalMs), rate }, describe)

/** The checked option, as a pipeline has it. */
const limitsOf = (rate: RateOptions): RateLimits => {
  const { rate: limits } = pipelineOf(1_000, rate).build().options
  if (limits === undefined) throw new Error('the pipeline has no rate')
  return limits
}

type Call = readonly [timeMs: number, records: number, processingMs: number, delayMs: number]

/** The estimate that each call gives. Null: none. */
const estimates = (
  calls: readonly Call[],
  settings: BackpressureOptions,
  intervalMs: number,
): readonly (number | null)[] => {
  const { backpressure } = limitsOf({ backpressure: settings })
  if (backpressure === undefined) throw new Error('there is no back-pressure')
  let known: RateEstimate | undefined
  return calls.map(([atMs, records, processingMs, delayMs]) => {
    const batch = { atMs, records, processingMs, delayMs }
    const after = estimateAfter(known, batch, backpressure, intervalMs)
    const isNew = after !== known
    known = after
    return isNew && after?.isEstimate === true ? after.rate : null
  })
}

const settingsOf = ({ params }: Vector): BackpressureOptions =>
  Object.fromEntries(
    ['proportional', 'integral', 'derivative', 'minRate'].map((name) => [
      name,
      Number(params[name]),
    ]),
  )

const TOLERANCE = 1e-6

const isNear = (a: number | null, b: number | null): boolean =>
  a === b || (a !== null && b !== null && Math.abs(a - b) <= TOLERANCE * Math.abs(a))

/** Ranges are checked where the pipeline is declared. */
const checkRefused = (vector: Vector): void => {
  const batchIntervalMs = vector.name.endsWith('batchIntervalMillis 0') ? 0 : 1_000
  try {
    pipelineOf(batchIntervalMs, { backpressure: settingsOf(vector) })
  } catch {
    return
  }
  throw new Mismatch('an error', 'none')
}

const RANDOM_CALLS = 50

/** The calls that the case describes in words. */
const randomCalls = (): readonly Call[] => {
  const random = seededRandom(1)
  return Array.from({ length: RANDOM_CALLS }, (_, index): Call => [
    index * 20,
    1_000 + Math.floor(random() * 1_000),
    20,
    1 + Math.floor(random() * 19),
  ])
}

const checkProperty = (vector: Vector): void => {
  const calls = randomCalls()
  const got = estimates(calls, settingsOf(vector), vector.batchIntervalMs)
  const holds = got.every((rate, index) => {
    const [, records = 0, processingMs = 1] = calls[index] ?? []
    if (index === 0) return rate === null
    return rate !== null && rate >= 10 && rate < (records / processingMs) * 1_000
  })
  if (!holds) throw new Mismatch('each rate is at least 10 and below the measured one', got)
}

const checkEstimator = async (vector: Vector): Promise<void> => {
  if (vector.compare === 'error') return checkRefused(vector)
  if (vector.compare === 'property') return checkProperty(vector)
  const calls = vector.inputBatches as unknown as readonly Call[]
  const got = estimates(calls, settingsOf(vector), vector.batchIntervalMs)
  const expected = (vector.expectedBatches ?? []) as unknown as readonly (number | null)[]
  const agree =
    got.length === expected.length &&
    got.every((rate, index) => isNear(expected[index] ?? null, rate))
  if (!agree) throw new Mismatch(expected, got)
}

const estimateOf = (rate: number): RateEstimate => ({ atMs: 0, rate, error: 0, isEstimate: true })

const checkLimiter = async ({ params, expectedValue }: Vector): Promise<void> => {
  const max = params['maxRate'] === null ? {} : { max: Number(params['maxRate']) }
  const limits = limitsOf({ ...max, backpressure: true })
  checkSame(expectedValue, rateLimit(limits, estimateOf(Number(params['updateRate']))))
}

const LIMITS = { records: 1_000_000, bytes: 1_000_000, objects: 1 }
const WAITING = 1_000
const BLOCK = 10

/** How many records a batch takes of a thousand that wait, before a restart and after it. */
const recordsTaken = async (
  batchIntervalMs: number,
  max: number,
): Promise<readonly (number | undefined)[]> => {
  const app = await testStream(pipelineOf(batchIntervalMs, { max }), { now: new Date(0) })
  // A batch takes whole blocks.
  for (let record = 0; record < WAITING; record += BLOCK) {
    app.input('in').add(...Array<string>(BLOCK).fill('x'))
    await app.advance(milliseconds(1))
  }
  await app.advance(milliseconds(batchIntervalMs))
  await app.restart()
  await app.advance(milliseconds(batchIntervalMs))
  return app
    .output('foreachRDD-1')
    .elements.slice(0, 2)
    .map((elements) => elements?.length)
}

const perSecond = (records: number, batchIntervalMs: number): number =>
  (records * 1_000) / batchIntervalMs

const checkUpdates = async ({ params, batchIntervalMs, expectedValue }: Vector): Promise<void> => {
  const rates = (params['rates'] ?? [params['rate']]) as readonly number[]
  const rate = limitsOf({ backpressure: true })
  const got = rates.map((one) => {
    const options = { rate, intervalMs: batchIntervalMs }
    return perSecond(withinRate(LIMITS, options, estimateOf(one)).records, batchIntervalMs)
  })
  checkSame(expectedValue, 'rates' in params ? got : got[0])
}

const checkRecovered = async ({
  params,
  batchIntervalMs,
  expectedValue,
}: Vector): Promise<void> => {
  const rate = Number(params['constantRate'])
  const got = await recordsTaken(batchIntervalMs, rate)
  checkSame(
    [expectedValue, expectedValue],
    got.map((records) => perSecond(records ?? 0, batchIntervalMs)),
  )
}

/** The checks, by operation. */
export const rateChecks = {
  pidRateEstimator: checkEstimator,
  'rateLimiter.updateRate': checkLimiter,
  rateUpdate: checkUpdates,
  'checkpoint.rateController': checkRecovered,
}
