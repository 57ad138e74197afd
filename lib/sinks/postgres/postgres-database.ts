/** A PostgreSQL server as a database of rows, by the package `pg`. */
import { Pool, type PoolClient } from 'pg'
import type { Clock } from '../../ports/clock.ts'
import type { RowDatabase, RowSession } from '../rows/row-sink.ts'
import { isCreatedTwice, isPassing, postgresError } from './postgres-errors.ts'
import { limitTransaction, postgresSession, type Query, SET_UP } from './postgres-session.ts'

/** Settings of {@link postgresDatabase}. */
export interface PostgresDatabaseOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full`. */
  readonly url: string
  /** For pauses between two tries. */
  readonly clock: Clock
  /** At most so many connections. Default: 4. */
  readonly connectionsMax?: number
}

const TRIES_MAX = 4
const FIRST_PAUSE_MS = 50
const CONNECT_MS_MAX = 10_000
const IDLE_MS_MAX = 60_000

/** The server and the database of a connection string, without who connects. */
export const shownDatabase = (url: string): string => {
  const { host, pathname } = URL.parse(url) ?? { host: '?', pathname: '' }
  return `postgres://${host}${pathname}`
}

const queryWith =
  (client: PoolClient): Query =>
  async (text, values) => {
    const result = await client.query<Record<string, unknown>>(
      text,
      values === undefined ? undefined : [...values],
    )
    // Several statements in one text give a list of results, which nobody reads.
    return Array.isArray(result) ? [] : result.rows
  }

/**
 * Opens a database. Connections are made when they are needed. One on which something failed is
 * never used again: the server ends its transaction.
 *
 * @example
 * ```ts
 * const database = postgresDatabase({ url: 'postgres://localhost/scores', clock: systemClock() })
 * await database.transaction(async (session) => console.log(await session.fence('totals', -1)))
 * await database.close()
 * ```
 */
export const postgresDatabase = ({
  url,
  clock,
  connectionsMax = 4,
}: PostgresDatabaseOptions): RowDatabase => {
  const description = shownDatabase(url)
  const pool = new Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    idleTimeoutMillis: IDLE_MS_MAX,
    keepAlive: true,
    application_name: 'millrace',
  })
  // A connection that breaks while nothing uses it: the pool makes another one. If a query runs on
  // it, the query fails too, and says why. A client may even break before the pool hands it out.
  const ignore = (): void => undefined
  pool.on('error', ignore)
  pool.on('connect', (client) => client.on('error', ignore))
  const withClient = async <T>(use: (query: Query) => Promise<T>): Promise<T> => {
    const client = await pool.connect()
    try {
      const result = await use(queryWith(client))
      client.release()
      return result
    } catch (error) {
      client.release(true)
      throw error
    }
  }
  let isSetUp = false
  const setUp = async (query: Query): Promise<void> => {
    const [there] = await query("SELECT to_regclass('millrace_fences') AS name")
    try {
      if (there?.['name'] === null) await query(SET_UP)
    } catch (error) {
      // Another connection creates it at the same time, and may be done a little later.
      if (!isCreatedTwice(error)) throw error
    }
    isSetUp = true
  }
  const tryOnce = async <T>(work: (session: RowSession) => Promise<T>): Promise<T> => {
    if (!isSetUp) await withClient(setUp)
    return withClient(async (query) => {
      await query('BEGIN')
      await limitTransaction(query)
      const result = await work(postgresSession(query))
      await query('COMMIT')
      return result
    })
  }
  return {
    description,
    async transaction(work) {
      for (let tries = 1; ; tries++) {
        try {
          return await tryOnce(work)
        } catch (error) {
          if (!isPassing(error) || tries >= TRIES_MAX) throw postgresError(error, description)
          await clock.sleep(FIRST_PAUSE_MS * 4 ** (tries - 1))
        }
      }
    },
    close: async () => pool.end().catch(() => undefined),
  }
}
