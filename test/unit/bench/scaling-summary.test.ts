import { describe, expect, test } from 'vitest'
import type { Batch, Measured } from '../../../bench/scaling/case.ts'
import { Delays } from '../../../bench/scaling/delays.ts'
import {
  drawsOf,
  LATENCIES,
  OBJECT_BYTES_PER_MS,
  transferMs,
  type Wait,
  waitOf,
} from '../../../bench/scaling/latency.ts'
import { figuresOf, nameOf, summaryOf, verdictOf } from '../../../bench/scaling/summary.ts'

const DRAWS = 2_000

describe('the latency model', () => {
  test.each(Object.entries(LATENCIES))('%s stays within its bounds', (name, bounds) => {
    const draw = drawsOf(1)
    const drawn = Array.from({ length: DRAWS }, () => draw(name as Wait))
    const width = bounds.toMs - bounds.fromMs
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(bounds.fromMs)
    expect(Math.max(...drawn)).toBeLessThanOrEqual(bounds.toMs)
    // It uses all of its range, evenly.
    const mean = drawn.reduce((total, one) => total + one, 0) / DRAWS
    expect(Math.abs(mean - (bounds.fromMs + bounds.toMs) / 2)).toBeLessThan(width / 20)
    expect(bounds.source).not.toBe('')
  })

  test.each([
    ['dynamodb', 'GetItem', 'tableItem'],
    ['dynamodb', 'PutItem', 'tableItem'],
    ['dynamodb', 'Query', 'tableItems'],
    ['dynamodb', 'BatchWriteItem', 'tableItems'],
    ['s3', 'GetObject', 'object'],
    ['s3', 'ListObjectsV2', 'object'],
    ['sqs', 'SendMessageBatch', 'queueSend'],
  ] as const)('%s %s waits as %s', (service, action, wait) => {
    expect(waitOf(service, action)).toBe(wait)
  })

  test('the bytes of objects take time, and those of items are in the bounds', () => {
    expect(transferMs('s3', 2 * OBJECT_BYTES_PER_MS)).toBe(2)
    expect(transferMs('dynamodb', 2 * OBJECT_BYTES_PER_MS)).toBe(0)
  })
})

const delaysOf = (...ms: readonly number[]): Delays => {
  const delays = new Delays()
  for (const one of ms) delays.add(one)
  return delays
}

test.each<[string, readonly number[], number, number]>([
  ['the middle', [10, 20, 30, 40], 0.5, 20],
  ['the largest', [30, 10, 20], 1, 30],
  ['95 of 100', Array.from({ length: 100 }, (_, index) => (index + 1) * 10), 0.95, 950],
  ['rounded to ten', [14, 16], 1, 20],
  ['none', [], 0.5, Number.NaN],
])('the delay that a share of records does not exceed: %s', (_, ms, share, expected) => {
  expect(delaysOf(...ms).quantileMs(share)).toBe(expected)
})

const batch = (lateMs: number, waits: number, processingMs = 1_000): Batch => ({
  timeMs: 0,
  records: 500,
  lateMs,
  waits,
  processingMs,
})

test.each<[string, readonly Batch[], string]>([
  ['nothing waits', [batch(100, 0), batch(200, 0)], 'keeps up'],
  ['something waited only before', [batch(100, 900), batch(200, 0)], 'keeps up'],
  ['less waits', [batch(100, 900), batch(100, 100)], 'catches up'],
  ['more waits', [batch(100, 100), batch(100, 900)], 'falls behind'],
  ['as much waits', [batch(100, 100), batch(100, 100)], 'falls behind'],
  ['batches begin after the next is due', [batch(100, 0), batch(12_000, 0)], 'falls behind'],
  ['batches take longer than the interval', [batch(100, 0), batch(200, 0, 19_500)], 'falls behind'],
  ['one batch takes longer', [batch(100, 0), batch(200, 0, 11_000)], 'keeps up'],
  ['no batch was committed', [], 'falls behind'],
])('the verdict when %s', (_, batches, verdict) => {
  expect(verdictOf(batches)).toBe(verdict)
})

const MEASURED: Measured = {
  of: { shards: 10, recordsPerS: 100, executors: 0, warmUpS: 10, measuredS: 20 },
  batches: [batch(100, 0), batch(200, 0)],
  delays: delaysOf(1_000, 2_000, 9_000),
  accepted: 1_000,
  failedCalls: 0,
  cpuMs: { intake: 30, driver: 400, executor: 0 },
  usage: {
    intake: { writeUnits: 1_000, objectWrites: 100, invocations: 10, gigabyteSeconds: 2 },
    driver: { readUnits: 2_000, objectReads: 50, gigabyteSeconds: 4, queueRequests: 10 },
    executor: { gigabyteSeconds: 3, readUnits: 400 },
  },
  requests: new Map([
    ['intake dynamodb', 30],
    ['intake s3', 10],
    ['driver s3', 5],
    ['executor s3', 2],
  ]),
  heldBytes: 3_000_000,
  words: { counted: 1, expected: 1 },
}

describe('the summary of a case', () => {
  test('prices each item for a million records, and all items are the whole', () => {
    const { dollars, calls } = summaryOf(MEASURED)
    expect(dollars.table).toBeCloseTo(1_000 * (1_000 * 0.625e-6 + 2_400 * 0.125e-6))
    expect(dollars.bucket).toBeCloseTo(1_000 * (100 * 5e-6 + 50 * 0.4e-6))
    expect(dollars.intake).toBeCloseTo(1_000 * (10 * 0.2e-6 + 2 * 13.3334e-6))
    expect(dollars.driver).toBeCloseTo(1_000 * 4 * 13.3334e-6)
    expect(dollars.executors).toBeCloseTo(1_000 * 3 * 13.3334e-6)
    const { total, ...items } = dollars
    expect(Object.values(items).reduce((sum, one) => sum + one, 0)).toBeCloseTo(total)
    expect(dollars.other).toBeGreaterThan(0)
    expect(calls).toEqual({ intake: 40_000, driver: 5_000, executors: 2_000 })
  })

  test('says how busy the driver is', () => {
    const { cpuShare, busyShare, recordsPerS, intakeCpuMs } = summaryOf(MEASURED)
    expect({ cpuShare, busyShare, recordsPerS, intakeCpuMs }).toEqual({
      cpuShare: 0.02,
      busyShare: 0.1,
      recordsPerS: 500,
      intakeCpuMs: 30,
    })
  })

  test.each([
    [100, 0, 'scaling-10-shards-0-executors'],
    [1_000, 4, 'scaling-10-full-shards-4-executors'],
  ])('%i records/s in a shard and %i executors are %s', (recordsPerS, executors, name) => {
    expect(nameOf({ ...MEASURED.of, recordsPerS, executors })).toBe(name)
  })

  test('has figures with stable names', () => {
    expect(Object.fromEntries(figuresOf(summaryOf(MEASURED)).map((one) => [one.figure, one.unit])))
      .toMatchInlineSnapshot(`
      {
        "scaling-10-shards-0-executors-busy-share": "ratio",
        "scaling-10-shards-0-executors-calls-per-million": "count",
        "scaling-10-shards-0-executors-cpu-share": "ratio",
        "scaling-10-shards-0-executors-delay-max": "ms",
        "scaling-10-shards-0-executors-delay-p50": "ms",
        "scaling-10-shards-0-executors-delay-p95": "ms",
        "scaling-10-shards-0-executors-dollars-per-million": "$",
        "scaling-10-shards-0-executors-held-mb": "MB",
        "scaling-10-shards-0-executors-keeps-up": "count",
        "scaling-10-shards-0-executors-records-per-s": "count",
      }
    `)
  })
})
