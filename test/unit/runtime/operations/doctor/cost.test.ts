/** What costs more than it must: the functions over the adapters of AWS, services in memory. */
import { milliseconds, minutes, type Pipeline, seconds, stream } from 'millrace'
import { expect, test } from 'vitest'
import { clickEvent } from '../../../../../bench/aws/clicks.ts'
import { clientsOf } from '../../../../../bench/aws/clients.ts'
import { deploy } from '../../../../../bench/aws/deployment.ts'
import { Services } from '../../../../../bench/aws/services.ts'
import { meterDynamodb, meterS3, meterSqs } from '../../../../../lib/adapters/aws/metering.ts'
import { dynamodbItemStore } from '../../../../../lib/adapters/aws/dynamodb-item-store.ts'
import { usageMeter } from '../../../../../lib/ports/meter.ts'
import { diagnose } from '../../../../../lib/runtime/operations/doctor/diagnose.ts'
import { examine } from '../../../../../lib/runtime/operations/doctor/examine.ts'
import { driverUse } from '../../../../../lib/runtime/operations/doctor/figures.ts'
import type { Finding } from '../../../../../lib/runtime/operations/doctor/finding.ts'

const START_MS = 1_700_000_000_000
const BATCHES = 24

const counting = (intervalMs: number, every?: 'minute'): Pipeline =>
  stream('clicks', { batchInterval: milliseconds(intervalMs) }, (ssc) => {
    ssc
      .kinesisTextStream('clicks')
      .map((line) => line.split(' ')[0] ?? '')
      .countByValue()
      .saveAsTextFiles('s3://results/pages', '', every === undefined ? {} : { every: minutes(1) })
  })

/** Runs batches of some records, and gives what the doctor finds, and the dollars of a day. */
const run = async (
  pipeline: Pipeline,
  records: number,
): Promise<{ findings: readonly Finding[]; dollarsPerDay: number }> => {
  const { intervalMs } = pipeline.build().options
  const time = { nowMs: START_MS }
  const clients = clientsOf(new Services(), () => time.nowMs)
  const meter = usageMeter()
  meterDynamodb(clients.dynamodb, meter)
  meterS3(clients.s3, meter)
  meterSqs(clients.sqs, meter)
  const app = deploy({ pipeline, clients, time, meter })
  for (let batch = 0; batch < BATCHES; batch += 1) {
    await app.intake(clickEvent(batch * records, records, time.nowMs))
    time.nowMs = START_MS + (batch + 1) * intervalMs
    await app.driver(time.nowMs)
  }
  const store = dynamodbItemStore({ table: 'clicks', client: clients.dynamodb })
  const examined = await examine({
    store,
    app: 'clicks',
    clock: { now: () => time.nowMs },
    target: '--app clicks',
    isDeployed: true,
    fromMs: START_MS,
    toMs: time.nowMs,
    intervalMs,
  })
  return {
    findings: diagnose(examined),
    dollarsPerDay: driverUse(examined.batches)?.dollarsPerDay ?? 0,
  }
}

/** A text file each second, for 50 records. */
const eachSecond = run(counting(1_000), 50)

test('a file each second: names the option, and what it saves comes true', async () => {
  const { findings, dollarsPerDay } = await eachSecond
  const files = findings.find(({ code }) => code === 'FILES_COSTLY')
  expect(files).toMatchObject({ severity: 'saving', of: 'saveAsTextFiles-1' })
  expect(files?.change).toMatch(/^every: minutes\(1\) in the options of saveAsTextFiles-1/)
  const after = await run(counting(1_000, 'minute'), 50)
  expect(after.findings.map(({ code }) => code)).not.toContain('FILES_COSTLY')
  const saved = dollarsPerDay - after.dollarsPerDay
  expect(-(files?.dollarsPerDay ?? 0) / saved).toBeGreaterThan(0.6)
  expect(-(files?.dollarsPerDay ?? 0) / saved).toBeLessThan(1.2)
})

test('a batch each second for few records: names an interval, and what it saves', async () => {
  const { findings, dollarsPerDay } = await eachSecond
  const found = findings.find(({ code }) => code === 'INTERVAL_COSTLY')
  expect(found).toMatchObject({ severity: 'saving', figures: { fitsMs: 10_000 } })
  expect(found?.change).toMatch(/^batchInterval: seconds\(10\)/)
  const after = await run(counting(10_000), 500)
  expect(after.findings.map(({ code }) => code)).not.toContain('INTERVAL_COSTLY')
  const saved = dollarsPerDay - after.dollarsPerDay
  expect(-(found?.dollarsPerDay ?? 0) / saved).toBeGreaterThan(0.8)
  expect(-(found?.dollarsPerDay ?? 0) / saved).toBeLessThan(1.2)
})

test('at ten seconds, with files of a minute, there is nothing to do', async () => {
  expect((await run(counting(seconds(10).milliseconds, 'minute'), 100)).findings).toEqual([])
})
