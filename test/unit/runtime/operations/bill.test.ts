/**
 * The bill of the history beside what the services in memory have counted for the same run: by the
 * published rules, and by code of their own.
 */
import { parallelize, seconds, stream } from 'millrace'
import { expect, test } from 'vitest'
import { clientsOf } from '../../../../bench/aws/clients.ts'
import { Services } from '../../../../bench/aws/services.ts'
import { dynamodbItemStore } from '../../../../lib/adapters/aws/dynamodb-item-store.ts'
import { meterDynamodb } from '../../../../lib/adapters/aws/metering.ts'
import { memoryItemStore } from '../../../../lib/adapters/memory/memory-item-store.ts'
import { dollarsOf } from '../../../../lib/base/prices.ts'
import { usageMeter } from '../../../../lib/ports/meter.ts'
import { compose } from '../../../../lib/runtime/compose.ts'
import { Driver } from '../../../../lib/runtime/driver/driver.ts'
import { readBill } from '../../../../lib/runtime/operations/bill.ts'
import type { BatchRecord } from '../../../../lib/state/history/batch-record.ts'
import { noteBatch } from '../../../../lib/state/history/write-history.ts'

const START_MS = 1_700_000_000_000
const BATCHES = 40

test('is within a tenth of what the services have counted', async () => {
  const time = { nowMs: START_MS }
  const services = new Services()
  const { dynamodb } = clientsOf(services, () => time.nowMs)
  const meter = usageMeter()
  meterDynamodb(dynamodb, meter)
  const store = dynamodbItemStore({ table: 'clicks', client: dynamodb })
  const queue = Array.from({ length: BATCHES }, (_, batch) =>
    parallelize([`word-${batch % 7}`, 'other']),
  )
  const pipeline = stream('clicks', { batchInterval: seconds(1), whenIdle: 'tick' }, (ssc) => {
    ssc
      .queueStream(queue)
      .mapToPair((word) => [word, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
      .foreachRDD(() => undefined)
  })
  const plan = pipeline.build()
  let attempts = 0
  const { runner } = await compose({
    plan,
    generation: 1,
    ports: {
      store,
      clock: { now: () => time.nowMs, sleep: async () => undefined },
      randomness: { attemptId: () => `attempt${++attempts}` },
      sources: {},
      sinks: {},
    },
    locations: new Map(plan.sources.map(({ id, node }) => [id, { kind: node.source.kind }])),
    locateOutput: () => ({ kind: 'none', path: '' }),
    listen: () => undefined,
    leaseMs: 60_000,
    takeUsage: () => meter.take(),
  })
  const driver = new Driver(runner)
  await driver.run()
  for (let batch = 0; batch < BATCHES; batch++) {
    time.nowMs += 1_000
    await driver.run()
  }
  const counted = services
    .takeCalls()
    .reduce((total, { readUnits, writeUnits }) => total + dollarsOf({ readUnits, writeUnits }), 0)
  const bill = await readBill(store, 'clicks', { fromMs: START_MS, toMs: time.nowMs })
  expect(bill).toMatchObject({ batches: BATCHES, records: 2 * BATCHES })
  expect(counted).toBeGreaterThan(0)
  expect(Math.abs(bill.dollars - counted) / counted).toBeLessThan(0.1)
  // A batch each second, from the first to the last.
  const perBatch = ((bill.dollarsPerDay ?? 0) / 86_400) * (BATCHES - 1)
  expect(Math.abs(perBatch - bill.dollars) / bill.dollars).toBeLessThan(0.1)
  expect(bill.dollarsPerMillionRecords).toBeCloseTo((bill.dollars / (2 * BATCHES)) * 1e6)
})

const record = (timeMs: number, change: Partial<BatchRecord>): BatchRecord => ({
  timeMs,
  status: 'completed',
  attempt: 1,
  records: 0,
  bytes: 0,
  objects: 0,
  deadLetters: 0,
  expired: 0,
  lost: 0,
  processingMs: 1,
  ...change,
})

test.each<[string, readonly BatchRecord[], object]>([
  ['nothing', [], { batches: 0, dollars: 0, usage: {} }],
  ['no usage', [record(START_MS, { records: 5 })], { batches: 0, records: 0, dollars: 0 }],
  [
    'a failed attempt and its batch',
    [
      record(START_MS, { status: 'failed', records: 5, usage: { writeUnits: 3 } }),
      record(START_MS, { attempt: 2, records: 5, usage: { writeUnits: 4 } }),
    ],
    { batches: 2, records: 5, usage: { writeUnits: 7 } },
  ],
])('of %s', async (_, records, expected) => {
  const store = memoryItemStore()
  for (const one of records) await noteBatch(store, 'clicks', () => one)
  const bill = await readBill(store, 'clicks', { fromMs: START_MS, toMs: START_MS })
  expect(bill).toMatchObject(expected)
  expect(bill).not.toHaveProperty('dollarsPerDay')
})
