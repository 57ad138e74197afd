import { describe, expect, test } from 'vitest'
import { type StatusContext, statusText } from '../../../cli/status-text.ts'
import type { LaneOverview, Overview } from '../../../lib/runtime/operations/status.ts'
import type { Head } from '../../../lib/state/head.ts'
import type { FallingBehind, Load } from '../../../lib/state/load.ts'
import type { Deployment } from '../../../lib/tools/deployment.ts'

const NOW_MS = Date.parse('2026-03-01T12:00:00Z')
const MINUTE_MS = 60_000

const head: Head = {
  generation: 1,
  plan: 'abc',
  sources: [],
  status: 'running',
  epoch: 5,
  owner: undefined,
  leaseEndMs: 0,
  startedMs: NOW_MS - 100 * MINUTE_MS,
  zeroMs: 0,
  doneMs: NOW_MS - 1_000,
  manifest: undefined,
  afterCommit: undefined,
  offsets: {},
  wakeMs: 0,
  logged: undefined,
  reason: undefined,
  load: undefined,
}

const deployed: Deployment = {
  app: 'p',
  table: 't',
  blocks: 'b',
  triggers: 'q',
  sources: [],
  generation: 1,
  intervalMs: 1_000,
  logs: { intake: '/intake', driver: '/driver' },
}

const waiting: LaneOverview = {
  source: 'kinesisStream-1',
  lane: 'arn/shardId-000000000000',
  tail: '49590338271490256608559692538361571095921575989136588898',
  waitingEntries: 1,
  waitingRecords: 2,
  oldestMs: NOW_MS - 10 * MINUTE_MS,
}

const drained: LaneOverview = { ...waiting, lane: 'arn/2', waitingEntries: 0, waitingRecords: 0 }

const textOf = (parts: Partial<Overview>, context: Partial<StatusContext> = {}): string =>
  statusText(
    {
      app: 'p',
      head,
      lanes: [],
      states: [],
      accumulators: [],
      broadcasts: [],
      files: [],
      batches: [],
      deadLetters: { sinceMs: 0, count: 0, byCode: {}, some: [] },
      ...parts,
    },
    { location: 'AWS', target: '--app p', nowMs: NOW_MS, deployed, ...context },
  )

const logged = { timeMs: NOW_MS, input: '', attempts: 2, firstMs: NOW_MS - 9_000, retryMs: 0 }
const note = { atMs: NOW_MS - MINUTE_MS, generation: 1, code: 'PLAN_INCOMPATIBLE', message: 'no' }

test.each([
  [{}, ''],
  [{ idleMs: 1_800_000 }, ', keys end after 30 minutes, 0 keys have ended'],
  [{ idleMs: 5_400_000, expired: 1 }, ', keys end after 90 minutes, 1 key has ended'],
  [{ idleMs: 86_400_000, expired: 1_234 }, ', keys end after 1 day, 1,234 keys have ended'],
  [{ idleMs: 1_500, expired: 2 }, ', keys end after 1,500 milliseconds, 2 keys have ended'],
  [{ expired: 7 }, ', 7 keys have ended'],
  [{ watermarkMs: 0 }, ', event time is at 1970-01-01T00:00:00.000Z, 0 records were late'],
  [
    { watermarkMs: -8.64e15 - 1, late: 1 },
    ', event time is at -8640000000000001 ms, 1 record was late',
  ],
])('a state says how its keys end: %j', (expiry, text) => {
  const size = { segments: 1, bytes: 5, partitions: 1, largestBytes: 5 }
  const kept = { id: 's', kind: 'mapWithState', holds: 'keys' as const, ...size }
  const states = [{ ...kept, ...expiry }]
  expect(textOf({ states })).toMatch(new RegExp(`state s +5 bytes in 1 segment${text}\n`))
})

test.each([
  [{ taken: 1_234 }, '1,234 files taken'],
  [{ pending: 2 }, '2 objects pending'],
  [
    { backfill: { listed: 3_000, found: 2_990 }, after: 'in/b\n', pending: 0 },
    'what was there before: 2,990 objects found, 3,000 names listed, up to in/b\\\\n; ' +
      'the listing goes on; 0 objects pending',
  ],
  [
    { backfill: { listed: 1, found: 1, doneMs: 5 }, pending: 1 },
    'what was there before: 1 object found, 1 name listed, all of them; 1 object pending',
  ],
])('a source says how far its files are read: %j', (files, text) => {
  const shown = textOf({ files: [{ source: 's', ...files }] })
  expect(shown).toMatch(new RegExp(`source s +${text}\n`))
})

describe('the first line of the status', () => {
  test.each<{
    what: string
    parts: Partial<Overview>
    context?: Partial<StatusContext>
    says: string
  }>([
    { what: 'never started', parts: { head: undefined }, says: 'nothing has run yet' },
    {
      what: 'never started, and records wait',
      parts: { head: undefined, lanes: [waiting] },
      says: 'no batch has run yet, and records wait since 2026-03-01 11:50:00',
    },
    {
      what: 'the driver throws at its start',
      parts: { head: undefined, driverNote: note },
      says: 'the driver cannot run',
    },
    { what: 'the driver throws later', parts: { driverNote: note }, says: 'the driver cannot run' },
    {
      what: 'a driver threw once, in a process that is no more, and another one goes on',
      parts: { driverNote: { ...note, atMs: NOW_MS - 30 * MINUTE_MS } },
      says: 'healthy: no batch is unfinished',
    },
    {
      what: 'the driver threw, and then was not called any more',
      parts: {
        head: { ...head, doneMs: NOW_MS - 40 * MINUTE_MS },
        driverNote: { ...note, atMs: NOW_MS - 30 * MINUTE_MS },
      },
      says: 'no batch has run since 2026-03-01 11:20:00',
    },
    {
      what: 'an older generation is deployed than the one that has run',
      parts: { head: { ...head, generation: 2, status: 'rest' } },
      says: 'superseded: generation 2 owns the table, and an older one is deployed',
    },
    {
      what: 'a newer generation is deployed and has not run',
      parts: {},
      context: { deployed: { ...deployed, generation: 2 } },
      says: 'healthy: no batch is unfinished',
    },
    { what: 'healthy', parts: {}, says: 'healthy: no batch is unfinished' },
    {
      what: 'at rest',
      parts: { head: { ...head, status: 'rest' } },
      says: 'at rest: no record waits',
    },
    {
      what: 'at rest for a month',
      parts: { head: { ...head, status: 'rest', doneMs: NOW_MS - 40_000 * MINUTE_MS } },
      says: 'at rest: no record waits',
    },
    {
      what: 'at rest, and a record has just come',
      parts: {
        head: { ...head, status: 'rest' },
        lanes: [{ ...waiting, oldestMs: NOW_MS - 1_000 }],
      },
      says: 'at rest, and about to wake: records wait',
    },
    {
      what: 'at rest, and nobody takes what waits',
      parts: { head: { ...head, status: 'rest' }, lanes: [waiting] },
      says: 'at rest, but records wait since 2026-03-01 11:50:00',
    },
    {
      what: 'at rest on this machine, where nothing runs',
      parts: { head: { ...head, status: 'rest' }, lanes: [waiting] },
      context: { deployed: undefined },
      says: 'at rest, and about to wake: records wait',
    },
    {
      what: 'a batch in the middle',
      parts: { head: { ...head, logged, owner: 'a', leaseEndMs: NOW_MS + MINUTE_MS } },
      says: 'a batch has started and is not finished',
    },
    {
      what: 'nobody has called the driver for ten minutes',
      parts: { head: { ...head, doneMs: NOW_MS - 10 * MINUTE_MS } },
      says: 'no batch has run since 2026-03-01 11:50:00',
    },
    {
      what: 'nobody goes on with a batch whose process died',
      parts: {
        head: {
          ...head,
          logged: {
            ...logged,
            firstMs: NOW_MS - 20 * MINUTE_MS,
            retryMs: NOW_MS - 10 * MINUTE_MS,
          },
          owner: 'a',
          leaseEndMs: NOW_MS - 9 * MINUTE_MS,
          doneMs: NOW_MS - 20 * MINUTE_MS,
        },
      },
      says: 'no batch has run since',
    },
    {
      what: 'a long pause before the next attempt',
      parts: {
        head: {
          ...head,
          logged: { ...logged, retryMs: NOW_MS + MINUTE_MS },
          doneMs: NOW_MS - 20 * MINUTE_MS,
        },
      },
      says: 'a batch has started and is not finished',
    },
    {
      what: 'batches of a quarter of an hour',
      parts: { head: { ...head, doneMs: NOW_MS - 14 * MINUTE_MS } },
      context: { deployed: { ...deployed, intervalMs: 15 * MINUTE_MS } },
      says: 'healthy: no batch is unfinished',
    },
    {
      what: 'stopped on this machine',
      parts: { head: { ...head, doneMs: NOW_MS - 999 * MINUTE_MS } },
      context: { deployed: undefined },
      says: 'healthy: no batch is unfinished',
    },
    {
      what: 'failed',
      parts: { head: { ...head, status: 'failed', logged } },
      says: 'FAILED: millrace resume --app p',
    },
  ])('$what', ({ parts, context, says }) => {
    const line = textOf(parts, context)
      .split('\n')
      .find((one) => one.startsWith('  status'))
    expect(line).toContain(says)
  })
})

test('thousands of lanes of a source are one row, and no position is a count', () => {
  const lanes = Array.from({ length: 3_000 }, (_, index) => ({ ...drained, lane: `arn/${index}` }))
  const text = textOf({ lanes: [...lanes, waiting] })
  expect(text).toMatch(/source kinesisStream-1 +3,?001 lanes; 2 records in 1 entry waiting/)
  expect(text).toContain('the oldest taken in 10 minutes ago')
  expect(text).not.toMatch(/\d{10,}/)
  expect(text.split('\n').length).toBeLessThan(12)
  expect(textOf({ lanes: [drained] })).toMatch(/source kinesisStream-1 +1 lane; nothing waits/)
})

test('why the driver cannot run is told, with the time', () => {
  const text = textOf({ head: undefined, driverNote: { ...note, message: 'first\nsecond' } })
  expect(text).toMatch(
    /driver +threw last at 2026-03-01 11:59:00[^]*1 minute ago\n +with +first\n +second/,
  )
})

test.each([
  [-(2 * MINUTE_MS + 44_000), '2026-03-01 11:57:16Z, 2 minutes ago'],
  [-500, '2026-03-01 11:59:59.500Z, now'],
  [500, '2026-03-01 12:00:00.500Z, now'],
  [41 * MINUTE_MS, '2026-03-01 12:41:00Z, 41 minutes ahead of the clock'],
])('a last batch %i ms from the clock', (fromNowMs, says) => {
  const manifest = '1' as unknown as Head['manifest']
  const text = textOf({ head: { ...head, manifest, doneMs: NOW_MS + fromNowMs } })
  expect(text).toMatch(new RegExp(`last batch +${says}\\n`))
})

test('a batch that does not fit into an invocation says how far it has come', () => {
  const stage = { stage: 'reduceByKey-1/map/1', count: 60, ref: ['', '', 1, 1, 1] } as const
  const kept = { generation: 1, plan: 'abc', found: '', stages: [{ ...stage, tasks: 48 }] }
  const handed = {
    ...logged,
    attempts: 3,
    firstMs: NOW_MS - MINUTE_MS,
    retryMs: 0,
    handedOn: 2,
    kept,
  }
  const text = textOf({ head: { ...head, logged: handed } })
  expect(text).toContain(
    '3 attempts since 2026-03-01 11:59:00Z, handed on 2 times, with 48 tasks kept',
  )
  expect(text).not.toContain('no batch has run since')
})

const NONE = { objects: 0, records: 0, bytes: 0 }
const behind = { ...NONE, timeMs: NOW_MS, delayMs: 0, perSecond: NONE, heldBy: 'time' } as const

test.each<[Partial<FallingBehind>, RegExp]>([
  [
    { records: 12_000, bytes: 3_000, perSecond: { ...NONE, records: 20 } },
    /load +Falling behind: 12,000 records and 3,000 bytes wait, 20 records more each second\. /,
  ],
  [{ objects: 1 }, /: 1 file wait\. Batches take all that fits into their interval: /],
  [{ delayMs: 90_400 }, /: batches begin 90 seconds late\. /],
  [{ records: 1, heldBy: 'memory' }, /more than half of the memory is in use: give the process/],
  [{ records: 1, heldBy: 'limits' }, /all that limits\.growth allows: raise it/],
  [{ records: 1, heldBy: 'rate' }, /all that the rate of a source allows: raise it/],
  [{ records: 1, heldBy: 'input' }, /Batches still grow\. If it goes on/],
])('an application that falls behind says so: %j', (falling, says) => {
  const load: Load = { factor: 1, heldBy: 'time', samples: [], falling: { ...behind, ...falling } }
  expect(textOf({ head: { ...head, load } })).toMatch(says)
})

test('an application that keeps up does not', () => {
  expect(
    textOf({ head: { ...head, load: { factor: 4, heldBy: 'input', samples: [] } } }),
  ).not.toMatch(/load/)
})
