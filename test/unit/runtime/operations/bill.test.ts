/**
 * The bill of the history beside what the services in memory have counted for the same run: by the
 * published rules, and by code of their own.
 */
import { parallelize, seconds, stream } from 'millrace'
import { describe, expect, test } from 'vitest'
import { clientsOf } from '../../../../bench/aws/clients.ts'
import { Services } from '../../../../bench/aws/services.ts'
import { dynamodbItemStore } from '../../../../lib/adapters/aws/dynamodb-item-store.ts'
import { meterDynamodb } from '../../../../lib/adapters/aws/metering.ts'
import { memoryItemStore } from '../../../../lib/adapters/memory/memory-item-store.ts'
import { dollarsOf, PRICES, type Usage } from '../../../../lib/base/prices.ts'
import { usageMeter } from '../../../../lib/ports/meter.ts'
import { compose } from '../../../../lib/runtime/compose.ts'
import { Driver } from '../../../../lib/runtime/driver/driver.ts'
import { type Bill, readBill } from '../../../../lib/runtime/operations/bill.ts'
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

const DAY_MS = 86_400_000
const GIGABYTE = 1_024 ** 3
const HISTORY_MONTHS = (1_024 / GIGABYTE) * (7 / 30)
const used = (timeMs: number, change: Partial<BatchRecord> = {}): BatchRecord =>
  record(timeMs, { usage: { writeUnits: 1 }, ...change })
const state = (bytes: number, segments: number) => ({ id: 'a', bytes, segments, growth: 0 })

describe('a part of a bill', () => {
  const partOf = async (
    records: readonly BatchRecord[],
    of: (bill: Bill) => Usage[keyof Usage],
    standing?: { readonly alarms: number; readonly polledQueues: number },
  ) => {
    const store = memoryItemStore()
    for (const one of records) await noteBatch(store, 'clicks', () => one)
    const range = { fromMs: START_MS, toMs: START_MS + 6 * DAY_MS }
    return of(await readBill(store, 'clicks', range, standing))
  }
  const intake = (writeUnits: readonly (number | undefined)[]): readonly BatchRecord[] =>
    writeUnits.map((units, index) =>
      used(START_MS + index, units === undefined ? {} : { intakeUsage: { writeUnits: units } }),
    )

  test.each<[string, readonly (number | undefined)[], number]>([
    ['grows from record to record', [10, 30, 35], 25],
    ['is not known in some records', [10, undefined, undefined, 40], 30],
    ['is not known at all', [undefined, undefined], 0],
    ['falls when a lane is removed', [100, 20, 50], 30],
    ['is in one record only', [100], 0],
  ])('what intake has used %s', async (_, units, expected) => {
    const [parts, batches] = [intake(units), units.length]
    expect(await partOf(parts, ({ usage }) => usage.writeUnits)).toBe(expected + batches)
    const dollars = expected * PRICES.writeUnits
    expect(await partOf(parts, (bill) => bill.parts.intake)).toBeCloseTo(dollars, 12)
  })

  test.each<[string, ReturnType<typeof state>, Usage]>([
    ['small segments are in the table', state(GIGABYTE, 1e6), { tableGigabyteMonths: 0.1 }],
    ['large ones are in the bucket', state(GIGABYTE, 10), { objectGigabyteMonths: 0.1 }],
  ])('what is stored for three days: %s', async (_, one, expected) => {
    const records = [used(START_MS, { states: [one] }), used(START_MS + 3 * DAY_MS)]
    const months = await partOf(records, ({ usage }) => usage.tableGigabyteMonths)
    const { tableGigabyteMonths = 0, objectGigabyteMonths = 0 } = expected
    expect(months).toBeCloseTo(tableGigabyteMonths + 2 * HISTORY_MONTHS, 9)
    const inBucket = await partOf(records, ({ usage }) => usage.objectGigabyteMonths)
    expect(inBucket).toBeCloseTo(objectGigabyteMonths, 9)
  })

  test('alarms, metrics and polling cost the same whatever comes', async () => {
    const records = [used(START_MS), used(START_MS + 3 * DAY_MS)]
    const standing = { alarms: 10, polledQueues: 2 }
    const minutes = 3 * 1_440
    const dollars =
      0.1 * (10 * PRICES.alarmMonths + 4 * PRICES.metricMonths) +
      minutes * (30 * PRICES.queueRequests + PRICES.scheduledCalls)
    const part = await partOf(records, (bill) => bill.parts.standing, standing)
    expect(part).toBeCloseTo(dollars, 9)
    expect(await partOf(records, (bill) => bill.parts.standing)).toBe(0)
  })
})
