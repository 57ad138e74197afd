import { describe, expect, test } from 'vitest'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import { itemBytes, type ItemStore, type Query } from '../../../lib/ports/item-store.ts'
import {
  type BatchRecord,
  type LaneTaken,
  timingsOf,
} from '../../../lib/state/history/batch-record.ts'
import {
  followHistory,
  historyPages,
  newestBatches,
} from '../../../lib/state/history/read-history.ts'
import { recordItem, recordOf } from '../../../lib/state/history/record-form.ts'
import { noteBatch } from '../../../lib/state/history/write-history.ts'
import { attemptKey, historyKey } from '../../../lib/state/item-keys.ts'
import { seededRandom } from '../../../lib/base/seeded.ts'

const APP = 'clicks'
const START_MS = Date.UTC(2026, 10, 22, 23, 50)
const WRITE_UNIT_BYTES = 1_024

const small = (timeMs: number, change: Partial<BatchRecord> = {}): BatchRecord => ({
  timeMs,
  status: 'completed',
  attempt: 1,
  records: 3,
  bytes: 40,
  objects: 0,
  deadLetters: 0,
  expired: 0,
  lost: 0,
  processingMs: 12,
  ...change,
})

const full: BatchRecord = small(START_MS, {
  attempt: 2,
  startedMs: START_MS + 30,
  generation: 4,
  plan: '0123456789abcdef',
  reason: { code: 'USER_FUNCTION_FAILED', message: 'no', operator: 'map-1', thrownAt: 'a.ts:3:4' },
  sources: [
    {
      id: 'kinesisTextStream-1',
      records: 3,
      bytes: 40,
      objects: 0,
      appends: 1,
      lanes: [{ lane: 'shardId-000000000000', first: '1', last: '3', records: 3, lagMs: 400 }],
      waiting: { objects: 0, records: 7, bytes: 70 },
    },
  ],
  outputs: [{ id: 'print-1', startMs: 2, ms: 3 }],
  stages: [{ node: 'print-1', side: 'result', tasks: 1, startMs: 2, ms: 3, executors: { 0: 1 } }],
  states: [{ id: 'totals', keys: 3, bytes: 90, segments: 2, growth: 30, expired: 1 }],
  codes: { USER_FUNCTION_FAILED: 1 },
  usage: { readUnits: 2, writeUnits: 8 },
})

const STORED_DETAIL = [
  'pdS9DsIgEMDxd2F2OLirlL5LB9R20dihXUzDuzdoC1w/IsadAIH7/VceTYFGEgAgcJoUaIJUSMVZl8Ze',
  'rremfYOwvV80irlFB8mJTXp2vEDLTCSZsb48WJFw2S0IvjD8IgFPxD8xkLEEuDpt7gAB+Jn4xl+H6+l8',
  '/+oz47gP9icty1a7UOstk6Eb7KMXJ3FvXux1DaRKVFSCKROZ4+QAgeIKSucm',
].join('')

const stored = (record: BatchRecord): BatchRecord =>
  recordOf(recordItem(historyKey(APP, record.timeMs), record, 1))

describe('a record', () => {
  test.each([
    ['little', small(START_MS)],
    ['everything', full],
    ['a failed attempt', small(START_MS, { status: 'failed', isFinal: true, attempt: 8 })],
    ['a skipped batch', small(START_MS, { status: 'skipped', held: '3 records of lines' })],
  ])('comes back as it was: %s', (_, record) => {
    expect(stored(record)).toEqual(record)
  })

  test('of an earlier version is read as far as it goes', () => {
    const earlier = { timeMs: 5, attempt: 1, records: 2, bytes: 9, processingMs: 4, ttl: 1 }
    expect(recordOf(earlier)).toEqual(small(5, { records: 2, bytes: 9, processingMs: 4 }))
    expect(
      recordOf({ ...earlier, skipped: true, held: '2 records', reason: 'the disk is full' }),
    ).toMatchObject({
      status: 'skipped',
      held: '2 records',
      reason: { message: 'the disk is full' },
    })
  })

  test('of a later version is read without its details', () => {
    const item = recordItem(historyKey(APP, START_MS), full, 1)
    expect(recordOf({ ...item, form: 2, detail: Uint8Array.of(1, 2, 3) })).toEqual(
      small(START_MS, { attempt: 2 }),
    )
  })

  test('that was written in form 1 is read for ever', () => {
    // Written by the first version that had form 1. This text never changes.
    const detail = Buffer.from(STORED_DETAIL, 'base64')
    const { timeMs, status, attempt, records, bytes, processingMs } = full
    const core = { timeMs, status, attempt, records, bytes, processingMs }
    expect(recordOf({ ...core, form: 1, detail: new Uint8Array(detail) })).toEqual(full)
  })
})

const digits = (random: () => number, count: number): string =>
  Array.from({ length: count }, () => Math.floor(random() * 10)).join('')

/** A batch of a large application, with random names and numbers, which compress badly. */
const large = (random: () => number, count: number): BatchRecord => {
  const name = (): string => `node-${digits(random, 12)}`
  const lane = (): LaneTaken => ({
    lane: `shardId-${digits(random, 12)}`,
    first: digits(random, 56),
    last: digits(random, 56),
    records: Math.floor(random() * 1e6),
    lagMs: Math.floor(random() * 1e5),
  })
  const length = Math.min(count, 20)
  const some = <T>(make: () => T): readonly T[] => Array.from({ length }, make)
  const many = <T>(make: () => T): readonly T[] => Array.from({ length: count }, make)
  const text = digits(random, 4_000)
  return small(START_MS, {
    startedMs: START_MS + 5,
    reason: { code: 'BATCH_FAILED', message: text },
    sources: some(() => ({
      id: name(),
      records: 5,
      bytes: 6,
      objects: 7,
      lanes: some(lane),
      names: some(() => `${digits(random, 900)}.csv`),
    })),
    outputs: many(() => ({ id: name(), startMs: 1, ms: 2, error: text })),
    stages: many(() => ({ node: name(), side: 'map', tasks: 9, startMs: 3, ms: random() * 1e4 })),
    states: many(() => ({ id: name(), bytes: random() * 1e9, segments: 5, growth: 6 })),
    usage: { readUnits: random() * 1e5, writeUnits: random() * 1e5 },
  })
}

describe('one write unit holds a record', () => {
  test.each([0, 1, 2, 3, 5, 8, 30, 200])('with %i entries in each list', (count) => {
    for (let seed = 1; seed <= 5; seed++) {
      const record = large(seededRandom(seed), count)
      const key = historyKey('a'.repeat(64), record.timeMs)
      const item = recordItem(key, record, START_MS)
      expect(itemBytes(key, item)).toBeLessThanOrEqual(WRITE_UNIT_BYTES)
      const back = recordOf(item)
      expect(back).toMatchObject({ timeMs: START_MS, records: 3, startedMs: START_MS + 5 })
      for (const list of ['outputs', 'stages', 'states'] as const)
        expect((back[list]?.length ?? 0) + (back.cut?.[list] ?? 0)).toBe(count)
    }
  })

  test('what is most important stays', () => {
    const stages = Array.from({ length: 200 }, (_, index) => ({
      node: `map-${index}`,
      side: 'map',
      tasks: 1,
      startMs: index,
      ms: index === 77 ? 900 : 1,
    }))
    const outputs = Array.from({ length: 200 }, (_, index) => ({
      id: `foreachRDD-${index}`,
      startMs: index,
      ms: 5,
      ...(index === 150 ? { error: 'boom' } : {}),
    }))
    const back = stored({ ...full, stages, outputs })
    expect(back.stages).toContainEqual(stages[77])
    expect(back.outputs).toContainEqual(outputs[150])
    expect(back.reason).toEqual(full.reason)
  })
})

/** Counts the queries and the items that they give. */
const counting = (store: ItemStore) => {
  const asked = { queries: 0, items: 0 }
  const query = async (partition: string, given?: Query) => {
    asked.queries += 1
    const found = await store.query(partition, given)
    asked.items += found.length
    return found
  }
  return { asked, store: { ...store, query } }
}

const filled = async (count: number, everyMs: number): Promise<ItemStore> => {
  const store = memoryItemStore()
  for (let n = 0; n < count; n++) await noteBatch(store, APP, () => small(START_MS + n * everyMs))
  return store
}

const timesOf = (records: readonly BatchRecord[]): readonly number[] =>
  records.map(({ timeMs }) => timeMs)

describe('reading', () => {
  test('1,000 batches over two days cost four queries, and no item too many', async () => {
    const { asked, store } = counting(await filled(3_000, 1_000))
    const range = { fromMs: START_MS, toMs: START_MS + 2_999_000 }
    const found = await newestBatches(store, APP, { ...range, limit: 1_000 })
    expect(timesOf(found)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => START_MS + (2_999 - index) * 1_000),
    )
    expect(asked.queries).toBeLessThanOrEqual(4)
    expect(asked.items).toBeLessThanOrEqual(1_500)
  })

  test('pages are read only when they are asked for, and end with the range', async () => {
    const { asked, store } = counting(await filled(1_200, 1_000))
    const pages = historyPages(store, APP, {
      fromMs: START_MS + 10_000,
      toMs: START_MS + 1_099_000,
      pageSize: 100,
    })
    const first = await pages.next()
    expect(asked.queries).toBe(1)
    expect(timesOf(first.value as readonly BatchRecord[])[0]).toBe(START_MS + 1_099_000)
    let last: readonly BatchRecord[] = []
    for await (const page of pages) last = page
    expect(timesOf(last).at(-1)).toBe(START_MS + 10_000)
  })

  test('an application without history costs a query for each day that is kept', async () => {
    const { asked, store } = counting(memoryItemStore())
    expect(await newestBatches(store, APP, { fromMs: 0, toMs: START_MS, limit: 5 })).toEqual([])
    expect(asked.queries).toBeLessThanOrEqual(11)
  })

  test.each<[string, readonly Partial<BatchRecord>[], readonly string[]]>([
    [
      'a batch that failed twice',
      [{ status: 'failed' }, { status: 'failed', attempt: 2 }],
      ['failed 2'],
    ],
    [
      'a batch that failed and was completed',
      [{ status: 'failed' }, { attempt: 2 }],
      ['completed 2'],
    ],
    [
      'a batch that failed and was skipped',
      [{ status: 'failed' }, { status: 'skipped' }],
      ['skipped 1'],
    ],
    [
      'a source that was given up at the time of a batch',
      [{}, { status: 'skipped', attempt: 0 }],
      ['skipped 0', 'completed 1'],
    ],
    ['a failure that is written late', [{ attempt: 2 }, { status: 'failed' }], ['completed 2']],
  ])('of the attempts the last one counts: %s', async (_, records, expected) => {
    const store = memoryItemStore()
    for (const change of records) await noteBatch(store, APP, () => small(START_MS, change))
    await noteBatch(store, APP, () => small(START_MS - 1_000))
    const found = await newestBatches(store, APP, { fromMs: 0, toMs: START_MS, limit: 10 })
    expect(found.map(({ status, attempt }) => `${status} ${attempt}`)).toEqual([
      ...expected,
      'completed 1',
    ])
    const one = await newestBatches(store, APP, { fromMs: 0, toMs: START_MS, limit: 1 })
    expect(one).toEqual(found.slice(0, 1))
  })
})

test('following shows each record once, in order, also over midnight', async () => {
  const store = memoryItemStore()
  const steps: readonly (readonly Partial<BatchRecord>[])[] = [
    [{ timeMs: START_MS }],
    [{ timeMs: START_MS + 1_000, status: 'failed' }],
    [],
    [{ timeMs: START_MS + 1_000, status: 'failed', attempt: 2 }],
    [{ timeMs: START_MS + 1_000, attempt: 3 }],
    [{ timeMs: START_MS + 900_000 }, { timeMs: START_MS + 901_000, status: 'failed' }],
    [{ timeMs: START_MS + 901_000, attempt: 2 }],
  ]
  const ending = new AbortController()
  let step = 0
  const clock = {
    now: () => START_MS + 902_000,
    sleep: async () => {
      const records = steps[step++]
      if (records === undefined) return ending.abort()
      for (const change of records) await noteBatch(store, APP, () => small(START_MS, change))
    },
  }
  await noteBatch(store, APP, () => small(START_MS - 1_000))
  const { signal } = ending
  const seen: unknown[] = []
  for await (const one of followHistory(store, APP, { afterMs: START_MS - 1_000, clock, signal }))
    seen.push({ timeMs: one.timeMs, status: one.status, attempt: one.attempt })
  expect(seen).toEqual(
    steps
      .flat()
      .map((change) => ({ timeMs: START_MS, status: 'completed', attempt: 1, ...change })),
  )
})

test('a process that was frozen writes no failure over the batch of another', async () => {
  const store = memoryItemStore()
  await noteBatch(store, APP, () => small(START_MS, { attempt: 2 }))
  await noteBatch(store, APP, () => small(START_MS, { status: 'failed' }))
  expect(recordOf((await store.get(historyKey(APP, START_MS))) ?? {}).status).toBe('completed')
  expect(recordOf((await store.get(attemptKey(APP, START_MS, 1))) ?? {}).status).toBe('failed')
})

test('a store that fails does not fail the batch', async () => {
  const store = {
    ...memoryItemStore(),
    put: async () => {
      throw new Error('no')
    },
  }
  await expect(noteBatch(store, APP, () => full)).resolves.toBeUndefined()
})

test.each([
  ['at its batch time', { startedMs: 1_000 }, [1_000, 0, 40]],
  ['late', { startedMs: 1_250 }, [1_000, 250, 290]],
  ['ahead of the clock', { startedMs: 400 }, [400, 0, 40]],
])('delays of a batch that began %s', (_, { startedMs }, [submittedMs, scheduling, total]) => {
  expect(timingsOf({ timeMs: 1_000, startedMs, processingMs: 40 })).toEqual({
    submittedMs,
    startedMs,
    endedMs: startedMs + 40,
    schedulingDelayMs: scheduling,
    totalDelayMs: total,
  })
})
