/**
 * What one load costs: records at a rate, over shards, with a batch interval. Everything goes
 * through the meter of the product. Kinesis itself is not in it.
 *
 * Services in memory answer at once, so the time of the functions is an assumption: their round
 * trips, and so many microseconds for each record and key.
 */
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { dollarsOf, type Usage } from '../../lib/base/prices.ts'
import { type UsageMeter, usageMeter } from '../../lib/ports/meter.ts'
import { windowS } from '../aws/scenario.ts'
import { type Invocation, tallyOf, waitS } from '../aws/tally.ts'
import { ShardedApp } from './sharded-app.ts'
import { USERS, visitTotals } from './visits.ts'

/** A load. */
export interface Load {
  readonly recordsPerS: number
  readonly intervalS: number
  readonly shards: number
}

/** What a million records cost, in dollars. */
export interface Dollars {
  readonly intake: number
  readonly driver: number
  readonly total: number
}

const INTAKE_GB = 1
export const DRIVER_GB = 1_769 / 1_024
const RECORD_S = 10e-6
const KEY_S = 1e-6
/** Lambda writes START, END and REPORT for each invocation. */
export const PLATFORM_LOG_BYTES = 400
/** To fetch a trigger and to delete it. */
const REQUESTS_PER_TRIGGER = 2
export const MINUTE_S = 60
export const MONTH_S = 30 * 86_400
/** Lag, batches, records and processing time. The others have data only when something is wrong. */
export const METRICS = 4
const WARM_UP = 2

/** The usage of one kind of invocation in a batch. */
interface Part {
  readonly usage: Usage
  readonly invocations: number
  /** Invocations whose round trips were counted. */
  readonly sample: readonly Invocation[]
  /** Seconds of processor time of all invocations together. */
  readonly busyS: number
  readonly gigabytes: number
  readonly logBytes: number
}

const dollars = (part: Part): number => {
  const { usage, invocations, sample, busyS, gigabytes, logBytes } = part
  const waitingS = invocations * waitS(tallyOf(sample))
  return dollarsOf({
    ...usage,
    invocations,
    gigabyteSeconds: gigabytes * (waitingS + busyS),
    logBytes: logBytes + invocations * PLATFORM_LOG_BYTES,
  })
}

/** Adds what was used to sums. */
const plus = (sums: Usage, more: Usage): Usage => {
  const kinds = [...new Set([...Object.keys(sums), ...Object.keys(more)])] as (keyof Usage)[]
  return Object.fromEntries(kinds.map((kind) => [kind, (sums[kind] ?? 0) + (more[kind] ?? 0)]))
}

interface Sums {
  intake: Usage
  driver: Usage
  intakes: number
  intakeSample: Invocation[]
  driverSample: Invocation[]
  intakeLog: number
  driverLog: number
}

/** Runs intake for each window of a batch, then the batch. */
const runBatch = async (
  { app, meter, sums }: { app: ShardedApp; meter: UsageMeter; sums: Sums },
  { recordsPerS, intervalS, shards }: Load,
): Promise<void> => {
  const window = windowS(intervalS)
  const records = Math.max(1, Math.round((recordsPerS * window) / shards))
  // At low rates not every shard has a record in each window.
  const calls = Math.min(shards, Math.round(recordsPerS * window))
  for (let from = 0; from < intervalS; from += window) {
    const logBefore = app.logBytes
    sums.intakeSample.push(await app.intake(0, records))
    const others = Array.from({ length: calls - 1 }, (_, index) => index + 1)
    await app.intakeAll(others, records)
    sums.intake = plus(sums.intake, meter.take())
    sums.intakes += calls
    sums.intakeLog += app.logBytes - logBefore
    // The batch is due at the end of its last window.
    if (from + window < intervalS) app.pass(window * 1_000)
  }
  const logBefore = app.logBytes
  sums.driverSample.push(await app.batch())
  sums.driver = plus(sums.driver, meter.take())
  sums.driverLog += app.logBytes - logBefore
}

/** Measures a load over so many batches. All of its records and shards are simulated. */
export const measureLoad = async (load: Load, batches: number): Promise<Dollars> => {
  const { recordsPerS, intervalS } = load
  const meter = usageMeter()
  let newest: readonly (readonly [user: string, total: number])[] = []
  const app = new ShardedApp({
    intervalS,
    meter,
    pipeline: (interval) =>
      visitTotals(interval, (totals) =>
        totals.foreachRDD(async (rdd) => {
          newest = await rdd.collect()
        }),
      ),
  })
  await app.start()
  const newSums = (): Sums => ({
    intake: {},
    driver: {},
    intakes: 0,
    intakeSample: [],
    driverSample: [],
    intakeLog: 0,
    driverLog: 0,
  })
  for (let batch = 0; batch < WARM_UP; batch++)
    await runBatch({ app, meter, sums: newSums() }, load)
  meter.take()
  const sums = newSums()
  for (let batch = 0; batch < batches; batch++) await runBatch({ app, meter, sums }, load)
  // What happens once a minute: the schedule calls the driver, and the user's function writes the
  // totals to a bucket.
  await app.minute()
  const lines = newest.map(([user, total]) => `${user} ${total}`)
  const results = { Bucket: 'results', Key: 'minute', Body: lines.join('\n') }
  await app.clients.s3.send(new PutObjectCommand(results))
  const minute = meter.take()
  const records = recordsPerS * intervalS * batches
  const perMillion = 1e6 / records
  const seconds = intervalS * batches
  const intake = dollars({
    usage: sums.intake,
    invocations: sums.intakes,
    sample: sums.intakeSample,
    busyS: records * RECORD_S,
    gigabytes: INTAKE_GB,
    logBytes: sums.intakeLog,
  })
  const driver = dollars({
    usage: { ...sums.driver, queueRequests: batches * REQUESTS_PER_TRIGGER },
    invocations: batches,
    sample: sums.driverSample,
    busyS: records * RECORD_S + batches * USERS * KEY_S,
    gigabytes: DRIVER_GB,
    logBytes: sums.driverLog,
  })
  const other =
    (seconds / MINUTE_S) * dollarsOf(plus(minute, { scheduledCalls: 1, invocations: 1 })) +
    (seconds / MONTH_S) * dollarsOf({ metricMonths: METRICS })
  const [intakeDollars, driverDollars] = [intake * perMillion, (driver + other) * perMillion]
  return { intake: intakeDollars, driver: driverDollars, total: intakeDollars + driverDollars }
}

/** Above so many records in a batch, fewer shards with the same load each are simulated. */
const RECORDS_MAX = 20_000

/**
 * Measures a load. A large one is simulated with two smaller numbers of shards, each with the same
 * load, and continued in a straight line.
 */
export const dollarsOfLoad = async (
  load: Load,
): Promise<{ readonly dollars: Dollars; readonly simulated: string }> => {
  const { recordsPerS, intervalS, shards } = load
  const perBatch = recordsPerS * intervalS
  const batches = perBatch > 5_000 ? 4 : 18
  if (perBatch <= RECORDS_MAX)
    return { dollars: await measureLoad(load, batches), simulated: 'all' }
  const many = Math.max(2, Math.floor((shards * RECORDS_MAX) / perBatch))
  const few = Math.max(1, Math.floor(many / 2))
  const at = async (count: number): Promise<Dollars> =>
    measureLoad({ intervalS, shards: count, recordsPerS: (recordsPerS * count) / shards }, batches)
  const [less, more] = [await at(few), await at(many)]
  const continued = (of: 'intake' | 'driver'): number => {
    // Dollars for each batch, which grow with the shards.
    const [first, second] = [less[of] * few, more[of] * many]
    const slope = (second - first) / (many - few)
    return (second + slope * (shards - many)) / shards
  }
  const [intake, driver] = [continued('intake'), continued('driver')]
  return {
    dollars: { intake, driver, total: intake + driver },
    simulated: `${few} and ${many} shards`,
  }
}
