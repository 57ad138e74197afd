/**
 * What a deployed application costs at rest in a month: no record comes, so only the schedule calls
 * the driver every minute. The resources are those of the template that the construct makes for the
 * word count of `visits`: one table, two functions, the queue of triggers.
 */
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { join } from 'node:path'
import { StreamingApp } from '../../infra/index.ts'
import { costsOf, dollarsOf, type Usage } from '../../lib/base/prices.ts'
import { usageMeter } from '../../lib/ports/meter.ts'
import { tallyOf, waitS } from '../aws/tally.ts'
import { type CostProgram, type Measured, short } from './figure.ts'
import { DRIVER_GB, PLATFORM_LOG_BYTES } from './load.ts'
import { ShardedApp } from './sharded-app.ts'
import { visitTotals } from './visits.ts'

const MINUTES = 30 * 24 * 60
/**
 * Lambda polls a queue with five pollers, and each request waits for up to 20 s: 15 requests a
 * minute. This is an assumption, from its documentation.
 */
const POLLS_PER_MINUTE = 15
/** To send the trigger of the minute, and to delete it. */
const REQUESTS_PER_TRIGGER = 2
const RECORDS = 100
const RESTING_BATCHES = 5
const SAMPLE = 10

interface Resting {
  readonly usage: Usage
  /** Whether a line of the log feeds the metric of the lag. */
  readonly hasLag: boolean
}

/** What the invocations of a minute at rest use. */
const restingMinute = async (): Promise<Resting> => {
  const meter = usageMeter()
  const app = new ShardedApp({
    intervalS: 10,
    meter,
    pipeline: (interval) => visitTotals(interval, (totals) => totals.foreachRDD(() => undefined)),
  })
  await app.start()
  await app.intake(0, RECORDS)
  // Without records it comes to rest after some batches.
  for (let batch = 0; batch < RESTING_BATCHES; batch++) await app.batch()
  await app.minute()
  meter.take()
  const logBefore = app.logBytes
  const sample = []
  for (let minute = 0; minute < SAMPLE; minute++) {
    app.pass(60_000)
    sample.push(await app.minute())
  }
  const used = meter.take()
  const mean = Object.fromEntries(
    Object.entries(used).map(([kind, amount]) => [kind, amount / SAMPLE]),
  ) as Usage
  const usage = {
    ...mean,
    queueRequests: (mean.queueRequests ?? 0) + POLLS_PER_MINUTE + REQUESTS_PER_TRIGGER,
    invocations: 1,
    scheduledCalls: 1,
    gigabyteSeconds: DRIVER_GB * waitS(tallyOf(sample)),
    logBytes: (app.logBytes - logBefore) / SAMPLE + PLATFORM_LOG_BYTES,
  }
  return { usage, hasLag: app.lastLine.includes('"lagMs"') }
}

/** How many alarms, metrics and keys the construct makes. */
const resources = (): {
  readonly alarms: number
  readonly metrics: number
  readonly keys: number
} => {
  const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Costs')
  const entry = join(import.meta.dirname, '..', 'aws', 'page-counts.ts')
  new StreamingApp(stack, 'App', { entry, generation: 1 })
  const template = Template.fromStack(stack)
  const count = (type: string): number => Object.keys(template.findResources(type)).length
  return {
    alarms: count('AWS::CloudWatch::Alarm'),
    metrics: count('AWS::Logs::MetricFilter'),
    keys: count('AWS::KMS::Key'),
  }
}

/** The figure of a month at rest. */
export const atRest: CostProgram = {
  figures: [
    {
      name: 'dollars-at-rest-month',
      what: '$ a month at rest, without the stream and what is stored',
      unit: '$',
      target: 0.5,
    },
  ],
  async measure(): Promise<readonly Measured[]> {
    const { usage, hasLag } = await restingMinute()
    const { alarms, metrics, keys } = resources()
    const minutes = Object.fromEntries(
      Object.entries(usage).map(([kind, amount]) => [kind, amount * MINUTES]),
    ) as Usage
    const month: Usage = { ...minutes, alarmMonths: alarms, metricMonths: hasLag ? 1 : 0 }
    const parts = Object.entries(costsOf(month))
      .map(([kind, dollars]) => `${kind} ${dollars.toFixed(3)}`)
      .join(', ')
    const made = `${alarms} alarms, ${metrics} metrics of which ${hasLag ? 1 : 0} with data`
    return [{ value: dollarsOf(month), note: `${made}, ${short(keys)} keys: ${parts}` }]
  },
}
