import { describe, expect, test } from 'vitest'
import type { BatchLimits } from '../../../../lib/dstream/plan.ts'
import { capOf, loadAfter, type MeasuredBatch } from '../../../../lib/runtime/driver/load.ts'
import type { Amounts, Load } from '../../../../lib/state/load.ts'

const LIMITS: BatchLimits = { records: 1_000, bytes: 1e9, objects: 1_000 }
const recordsOf = (records: number): Amounts => ({ records, bytes: 0, objects: 0 })

const loadOf = (factor: number): Load => ({ factor, heldBy: 'input', samples: [] })

/** A full batch of 1,000 records, of which others wait, in a tenth of its interval. */
const FAST: MeasuredBatch = {
  timeMs: 0,
  attempts: 1,
  taken: [recordsOf(1_000)],
  waiting: recordsOf(50_000),
  hasMore: false,
  delayMs: 0,
  processingMs: 100,
  budgetMs: 1_000,
  intervalMs: 1_000,
  memoryShare: 0.1,
}

describe('the factor after a batch', () => {
  test.each<[string, number | undefined, Partial<MeasuredBatch>, number, Load['heldBy']]>([
    ['first, fast and full', undefined, {}, 2, 'input'],
    ['fast and full', 4, { taken: [recordsOf(4_000)] }, 8, 'input'],
    ['full, with room for half as much again', 1, { processingMs: 533.333 }, 1.5, 'time'],
    ['full, in just its share', 1, { processingMs: 800 }, 1, 'time'],
    ['all that waits', 4, { waiting: recordsOf(0) }, 4, 'input'],
    [
      'all that is listed so far',
      4,
      { taken: [recordsOf(4_000)], waiting: recordsOf(0), hasMore: true },
      8,
      'input',
    ],
    ['full, of other limits', 4, { taken: [recordsOf(1_000)] }, 4, 'input'],
    ['too long', 8, { taken: [recordsOf(8_000)], processingMs: 1_600 }, 4, 'time'],
    ['far too long', 8, { taken: [recordsOf(8_000)], processingMs: 80_000 }, 1, 'time'],
    [
      'small and long, as after a cold start',
      8,
      { taken: [recordsOf(9)], processingMs: 3_000 },
      4,
      'time',
    ],
    ['its second attempt', 64, { attempts: 2 }, 1, 'time'],
    [
      'more than half of the memory',
      4,
      { taken: [recordsOf(4_000)], memoryShare: 0.6 },
      4,
      'memory',
    ],
    ['a clock that stands', 4, { processingMs: 0 }, 4, 'input'],
    ['a clock that was set back', 4, { processingMs: -9_000 }, 4, 'input'],
    ['less time than the interval', 1, { budgetMs: 125 }, 1, 'time'],
    ['the fuller one of two sources', 1, { taken: [recordsOf(10), recordsOf(1_000)] }, 2, 'input'],
    ['the fullest limit', 1, { taken: [{ records: 1, bytes: 1, objects: 1_000 }] }, 2, 'input'],
    ['no source', 1, { taken: [] }, 1, 'input'],
  ])('%s, with %s before', (_, factor, batch, expected, heldBy) => {
    const load = loadAfter(
      factor === undefined ? undefined : loadOf(factor),
      { ...FAST, ...batch },
      LIMITS,
    )
    expect(load.factor).toBeCloseTo(expected, 3)
    expect(load.heldBy).toBe(heldBy)
  })

  test.each<[growth: number | undefined, expected: number]>([
    [1, 1],
    [3, 3],
    [undefined, 1_000],
  ])('grows up to %s', (growth, expected) => {
    const limits = growth === undefined ? LIMITS : { ...LIMITS, growth }
    let load = loadOf(1)
    for (let batch = 0; batch < 20; batch += 1)
      load = loadAfter(
        load,
        { ...FAST, taken: [recordsOf(1_000 * load.factor)], processingMs: 1e-3 },
        limits,
      )
    expect(load).toMatchObject({ factor: expected, heldBy: 'limits' })
    expect(capOf(limits, load).records).toBe(1_000 * expected)
  })
})

test.each<[Load | undefined, number | undefined, number]>([
  [undefined, undefined, 1_000],
  [loadOf(1), undefined, 1_000],
  [loadOf(2.5), undefined, 2_500],
  [loadOf(8), 2, 2_000],
])('the cap with %j and growth %s', (load, growth, records) => {
  const limits = growth === undefined ? LIMITS : { ...LIMITS, growth }
  expect(capOf(limits, load)).toMatchObject({ records, objects: records, bytes: records * 1e6 })
})

/** What comes, and how fast it is processed. */
interface Run {
  /** Records that come in each second, by the number of the interval. */
  readonly comes: (interval: number) => number
  /** Milliseconds for each record, by the number of the batch. */
  readonly msEach?: (batch: number) => number
  /** Milliseconds for a batch without records. */
  readonly fixedMs?: number
  readonly intervalMs?: number
  readonly intervals?: number
  readonly limits?: BatchLimits
}

interface Ran {
  /** What waits after each batch. */
  readonly waiting: readonly number[]
  readonly factors: readonly number[]
  readonly processingMs: readonly number[]
  /** The number of batches that say that the application falls behind. */
  readonly alarms: number
}

/** Batches run at their times, or as soon as the one before is done. */
const ran = (run: Run): Ran => {
  const { comes, msEach = () => 0.1, fixedMs = 20, intervalMs = 1_000, intervals = 200 } = run
  const { limits = LIMITS } = run
  let load: Load | undefined
  let waits = 0
  let freeMs = 0
  let come = 0
  const waiting: number[] = []
  const factors: number[] = []
  const processed: number[] = []
  let alarms = 0
  for (let batch = 1; batch <= intervals; batch += 1) {
    const timeMs = batch * intervalMs
    const startMs = Math.max(timeMs, freeMs)
    for (; (come + 1) * intervalMs <= startMs; come += 1)
      waits += comes(come) * (intervalMs / 1_000)
    const taken = Math.min(waits, capOf(limits, load).records)
    waits -= taken
    const processingMs = fixedMs + taken * msEach(batch)
    freeMs = startMs + processingMs
    const before = load?.falling?.timeMs
    load = loadAfter(
      load,
      {
        ...FAST,
        timeMs,
        taken: [recordsOf(taken)],
        waiting: recordsOf(waits),
        delayMs: startMs - timeMs,
        processingMs,
        budgetMs: intervalMs,
        intervalMs,
      },
      limits,
    )
    if (load.falling !== undefined && load.falling.timeMs !== before) alarms += 1
    waiting.push(waits)
    factors.push(load.factor)
    processed.push(processingMs)
  }
  return { waiting, factors, processingMs: processed, alarms }
}

/** Numbers from 0 to 1 that are the same in each run. */
const noise = (index: number): number => ((index * 7919) % 101) / 101

describe('over batches', () => {
  test.each<[string, Run]>([
    ['steady, below the limits', { comes: () => 500 }],
    ['steady, at five times the limits', { comes: () => 5_000 }],
    ['at 3 times the limits of an interval of 10 s', { comes: () => 300, intervalMs: 10_000 }],
    ['at 3 times the limits of an interval of 60 s', { comes: () => 50, intervalMs: 60_000 }],
    ['a burst', { comes: (at) => (at < 10 ? 20_000 : 100) }],
    ['bursts with pauses', { comes: (at) => (at % 40 < 10 ? 12_000 : 0) }],
    ['noisy times', { comes: () => 3_000, msEach: (at) => 0.05 + 0.2 * noise(at) }],
    ['a high cost of each batch', { comes: () => 2_500, fixedMs: 500 }],
    ['a backlog of an hour', { comes: (at) => (at === 0 ? 1e6 : 1_000) }],
    ['a slow time', { comes: () => 2_000, msEach: (at) => (at > 50 && at < 60 ? 1 : 0.1) }],
  ])('the backlog of %s goes away', (_, run) => {
    const { waiting, alarms } = ran(run)
    expect(waiting.slice(-20).every((records) => records === 0)).toBe(true)
    expect(alarms).toBe(0)
  })

  test.each<[string, Run]>([
    ['full batches', { comes: () => 1e6 }],
    ['full batches with a high cost', { comes: () => 1e6, fixedMs: 500 }],
    ['full batches of 10 s', { comes: () => 1e6, intervalMs: 10_000 }],
  ])('%s settle at four fifths of the interval', (_, run) => {
    const { processingMs } = ran(run)
    const { intervalMs = 1_000 } = run
    for (const ms of processingMs.slice(-50)) expect(ms / intervalMs).toBeCloseTo(0.8, 2)
  })

  test('noisy full batches stay below the interval on average, and above half of it', () => {
    const { processingMs } = ran({ comes: () => 1e6, msEach: (at) => 0.05 + 0.1 * noise(at) })
    const last = processingMs.slice(-100)
    const mean = last.reduce((sum, ms) => sum + ms, 0) / last.length
    expect(mean).toBeGreaterThan(500)
    expect(mean).toBeLessThan(1_000)
  })

  test('a batch takes at most twice as much as the one before could', () => {
    const { factors } = ran({ comes: () => 1e6, msEach: () => 1e-4 })
    for (const [index, factor] of factors.entries())
      expect(factor).toBeLessThanOrEqual(2 * (factors[index - 1] ?? 1))
  })

  test.each<[string, Run]>([
    ['more comes than can be processed', { comes: () => 50_000 }],
    ['the limits may not grow', { comes: () => 3_000, limits: { ...LIMITS, growth: 1 } }],
    ['each batch takes longer than its interval', { comes: () => 10, fixedMs: 1_300 }],
  ])('it is said when %s', (_, run) => {
    const { alarms } = ran(run)
    // At most every 15 s, and not in the first minute.
    expect(alarms).toBeGreaterThanOrEqual(8)
    expect(alarms).toBeLessThanOrEqual(10)
  })
})
