import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../lib/adapters/local/system-clock.ts'
import type { Sink } from '../../../lib/ports/sink.ts'
import type { Row } from '../../../lib/rdd/sink-declaration.ts'
import { redis, redisSortedSet } from '../../../lib/sinks/redis/redis.ts'
import { redisSink } from '../../../lib/sinks/redis/redis-database.ts'
import { errorOf } from '../../contract/errors.ts'
import { sinkContract } from '../../contract/sink.contract.ts'
import { fenceOf, writeBatch } from '../../contract/write-batch.ts'
import { killAndCompare } from '../../process/sink-kills.ts'
import { type RedisServer, startRedis } from '../servers/redis-server.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
}, 360_000)
afterAll(() => server.stop())

const open = async (): Promise<Sink<readonly Row[]>> => {
  await server.client.flushAll()
  const sink = redisSink({ url: server.url, clock: systemClock() })
  onTestFinished(async () => sink.close?.())
  return sink
}

const KEYS = redis('scores', { prefix: 'totals:' })
const BOARD = redisSortedSet('scores', 'leaders')

const rowsOf = (lines: readonly string[]): Row[] =>
  lines.map((line) => ({ key: line.split('=')[0], value: line.split('=')[1] }))

const keysThere = async (): Promise<ReadonlyMap<string, string>> => {
  const keys = await server.client.keys('totals:*')
  const values = keys.length === 0 ? [] : await server.client.mGet(keys)
  return new Map(keys.map((key, index) => [key.slice('totals:'.length), values[index] ?? '']))
}

sinkContract('Redis', async () => {
  const sink = await open()
  return {
    sink: { ...sink, open: (batch, by) => sink.open({ ...batch, settings: KEYS.settings }, by) },
    contentOf: rowsOf,
    spoil: (rows: Row[]) => void rows.splice(0, rows.length, { key: 'a', value: 'spoilt' }),
    linesOf: async () => [...(await keysThere())].map(([key, value]) => `${key}=${value}`),
  }
})

test('any key may be written, and the fence is no key of the output', async () => {
  const sink = await open()
  const keys = ['millrace', 'fence', '', ':', 'millrace:totals:', '{totals:}', '\u0000']
  for (const timeMs of [1, 2]) {
    const batch = { path: 'totals', timeMs, settings: KEYS.settings }
    const rows = keys.map((key) => ({ key, value: `${key}${timeMs}` }))
    await writeBatch(sink, batch, fenceOf(1, timeMs), [rows])
  }
  expect(await keysThere()).toEqual(new Map(keys.map((key) => [key, `${key}2`])))
})

describe('a sorted set of Redis', () => {
  test('has the newest score of each member', async () => {
    const sink = await open()
    const write = (timeMs: number, ...rows: Row[]): Promise<void> => {
      const batch = { path: 'leaders', timeMs, settings: BOARD.settings }
      return writeBatch(sink, batch, fenceOf(1, timeMs), [rows])
    }
    await write(1, { key: 'ann', value: 1.5 }, { key: 'bob', value: 3 }, { key: 'ann', value: 2 })
    await write(2, { key: 'bob', value: Infinity }, { key: 'cy', value: -1e300 })
    expect(await server.client.zRangeWithScores('leaders', 0, -1)).toEqual([
      { value: 'cy', score: -1e300 },
      { value: 'ann', score: 2 },
      { value: 'bob', score: Infinity },
    ])
  })

  test('is refused where the key is something else', async () => {
    const sink = await open()
    await server.client.set('leaders', 'text')
    const batch = { path: 'leaders', timeMs: 1, settings: BOARD.settings }
    const rows = [{ key: 'a', value: 1 }]
    const error = await errorOf(() => writeBatch(sink, batch, fenceOf(1, 1), [rows]))
    expect(error).toMatchObject({ code: 'OUTPUT_FAILED', retryable: false })
    expect(error.message).toContain('WRONGTYPE')
  })
})

test('ten thousand keys go in steps, and connections that are lost are made again', async () => {
  const sink = await open()
  const lines = Array.from({ length: 10_000 }, (_, index) => `key${index}=${index}`)
  const batch = { path: 'totals', timeMs: 1_000, settings: KEYS.settings }
  let isDone = false
  const disturb = (async () => {
    for (; !isDone; await systemClock().sleep(30))
      await server.client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
  })()
  for (let round = 0; round < 5; round++)
    await writeBatch(sink, { ...batch, timeMs: 1_000 + round }, fenceOf(1, round), [rowsOf(lines)])
  isDone = true
  await disturb
  expect((await keysThere()).size).toBe(10_000)
})

test('a server that is not there: the error names it, without the password', async () => {
  const sink = redisSink({ url: 'redis://:secret@127.0.0.1:1', clock: systemClock() })
  onTestFinished(async () => sink.close?.())
  const batch = { path: 'totals', timeMs: 1_000, settings: KEYS.settings }
  const error = await errorOf(() => writeBatch(sink, batch, fenceOf(1, 1), []))
  expect(error).toMatchObject({ code: 'OUTPUT_FAILED', retryable: true })
  expect(error.message).toContain('127.0.0.1')
  expect(error.message).not.toContain('secret')
})

const KILLS = 50

test(
  'keys of Redis are exact after fifty kills of the pipeline',
  { timeout: 600_000 },
  async () => {
    await server.client.flushAll()
    const { again, words } = await killAndCompare(
      { kills: KILLS, seed: 20_265, pipeline: 'word-keys' },
      () => ({
        bindings: [`scores=${server.url}`],
        async sums(table) {
          if (table === 'totals')
            return new Map([...(await keysThere())].map(([key, value]) => [key, Number(value)]))
          const members = await server.client.zRangeWithScores('counts', 0, -1)
          return new Map(members.map(({ value, score }) => [value, score]))
        },
      }),
    )
    expect(again).toBeGreaterThan(KILLS / 4)
    process.stdout.write(`${KILLS} kills, ${again} batches tried again, ${words} words exact\n`)
  },
)
