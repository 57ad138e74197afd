import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../lib/adapters/local/system-clock.ts'
import type { Sink } from '../../../lib/ports/sink.ts'
import type { Row } from '../../../lib/rdd/sink-declaration.ts'
import { postgresDatabase } from '../../../lib/sinks/postgres/postgres-database.ts'
import { rowSink } from '../../../lib/sinks/rows/row-sink.ts'
import { errorOf } from '../../contract/errors.ts'
import { postgresTypes } from '../../contract/postgres-types.ts'
import { CREATE_TABLES, EVENTS, rowSinkContract, TOTALS } from '../../contract/row-sink.contract.ts'
import { fenceOf, writeBatch } from '../../contract/write-batch.ts'
import { killAndCompare } from '../../process/sink-kills.ts'
import { type PostgresServer, startPostgres } from '../servers/postgres-server.ts'

// A real server, and the package that talks to it.

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
}, 360_000)
afterAll(() => server.stop())

const emptyServer = async (): Promise<void> => {
  await server.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  await server.query(CREATE_TABLES.join(';'))
}

const open = (url = server.url): Sink<readonly Row[]> => {
  const sink = rowSink(postgresDatabase({ url, clock: systemClock() }))
  onTestFinished(async () => sink.close?.())
  return sink
}

const rowsOf = async (table: string): Promise<readonly Row[]> =>
  server.query(`SELECT * FROM ${table}`)

rowSinkContract('PostgreSQL', async () => {
  await emptyServer()
  return {
    sink: open(),
    other: open(),
    rows: rowsOf,
    run: async (statement) => void (await server.query(statement)),
  }
})

postgresTypes('PostgreSQL', async () => {
  await emptyServer()
  return {
    sink: open(),
    query: async (text) => server.query(text),
    run: async (statement) => void (await server.query(statement)),
  }
})

const batchOf = (timeMs: number, settings = TOTALS) => ({ path: settings.table, timeMs, settings })

describe('what goes wrong on the way', () => {
  test('a server that crashes between and inside of batches', async () => {
    await emptyServer()
    const sink = open()
    for (let batch = 1; batch <= 4; batch++) {
      const opened = await sink.open(batchOf(batch * 1_000, EVENTS), fenceOf(1, batch))
      await opened.write(0, [{ word: 'a', n: 1 }])
      await server.crash()
      await opened.write(1, [{ word: 'b', n: 1 }])
      await opened.finish()
    }
    expect(await rowsOf('events')).toHaveLength(8)
  })

  test('a server that ends connections while rows are written', async () => {
    await emptyServer()
    const sink = open()
    let isDone = false
    let ended = 0
    const disturb = (async () => {
      while (!isDone) {
        const [row] = await server.query(`
          SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity
          WHERE application_name = 'millrace'`)
        ended += Number(row?.['n'])
        await systemClock().sleep(150)
      }
    })()
    let tries = 0
    let batches = 0
    while (batches < 30 || ended < 5) {
      const batch = ++batches
      const rows = Array.from({ length: 200 }, (_, n) => ({ word: `${batch}-${n}`, n }))
      const by = fenceOf(1, batch)
      for (let isWritten = false; !isWritten; tries++)
        isWritten = await writeBatch(sink, batchOf(batch * 1_000, EVENTS), by, [rows, rows]).then(
          () => true,
          (error: { readonly retryable?: boolean }) => {
            if (error.retryable === true) return false
            throw error
          },
        )
    }
    isDone = true
    await disturb
    expect(await rowsOf('events')).toHaveLength(batches * 400)
    expect(tries).toBeLessThan(2 * batches)
  })

  test.each([
    ['no server', 'postgres://millrace:secret@127.0.0.1:1/postgres', true],
    ['no database', undefined, false],
  ])('%s: the error names it, without the password', async (_, url, retryable) => {
    const place = url ?? server.url.replace('/postgres', '').replace('@', ':secret@') + '/gone'
    const error = await errorOf(() => writeBatch(open(place), batchOf(1_000), fenceOf(1, 1), []))
    expect(error).toMatchObject({ code: 'OUTPUT_FAILED', retryable })
    expect(error.message).toContain('127.0.0.1')
    expect(error.message).not.toContain('secret')
  })

  test('a program that locks the same rows in another order', async () => {
    await emptyServer()
    const sink = open()
    const rows = Array.from({ length: 2_000 }, (_, n) => ({ word: `w${n}`, n }))
    await writeBatch(sink, batchOf(1_000), fenceOf(1, 1), [rows])
    let isDone = false
    let deadlocks = 0
    const disturb = (async () => {
      while (!isDone)
        await server
          .query(`
            UPDATE totals SET note = 'x' WHERE word = 'w999';
            UPDATE totals SET note = 'x' WHERE word = 'w0'`)
          .catch(() => (deadlocks += 1))
    })()
    for (let batch = 2; batch <= 12; batch++)
      await writeBatch(sink, batchOf(batch * 1_000), fenceOf(1, batch), [
        rows.map(({ word }) => ({ word, n: batch })),
      ])
    isDone = true
    await disturb
    const [row] = await server.query('SELECT min(n) AS low, max(n) AS high FROM totals')
    expect({ low: Number(row?.['low']), high: Number(row?.['high']) }).toEqual({
      low: 12,
      high: 12,
    })
    process.stdout.write(`${deadlocks} deadlocks ended the other program\n`)
  })
})

test('connections are few, and end with the sink', async () => {
  await emptyServer()
  const sink = rowSink(postgresDatabase({ url: server.url, clock: systemClock() }))
  const connections = async (): Promise<number> => {
    const [row] = await server.query(
      "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'millrace'",
    )
    return Number(row?.['n'])
  }
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      sink
        .open({ ...batchOf(1_000), settings: { ...TOTALS, table: `t${index}` } }, fenceOf(1, 1))
        .then((batch) => batch.finish()),
    ),
  )
  expect(await connections()).toBeLessThanOrEqual(4)
  await sink.close?.()
  await expect.poll(connections).toBe(0)
})

const KILLS = 50

test(
  'tables of PostgreSQL are exact after fifty kills of the pipeline',
  { timeout: 600_000 },
  async () => {
    await emptyServer()
    await server.query(`
      DROP TABLE events; CREATE TABLE counts (word text NOT NULL, n bigint NOT NULL)`)
    const { again, words } = await killAndCompare({ kills: KILLS, seed: 20_263 }, () => ({
      bindings: [`scores=${server.url}`],
      async sums(table) {
        const rows = await server.query(`SELECT word, sum(n) AS n FROM ${table} GROUP BY word`)
        return new Map(rows.map(({ word, n }) => [String(word), Number(n)]))
      },
    }))
    expect(again).toBeGreaterThan(KILLS / 4)
    process.stdout.write(`${KILLS} kills, ${again} batches tried again, ${words} words exact\n`)
  },
)
