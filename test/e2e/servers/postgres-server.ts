/** A PostgreSQL server for tests, with a data directory of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
import type { Row } from '../../../lib/rdd/sink-declaration.ts'
import { findProgram, libraryPath, serverUser } from './debian.ts'
import { freePort } from '../../ports.ts'

/** A server that runs. */
export interface PostgresServer {
  readonly url: string
  /** Runs statements of the test itself. */
  readonly query: (text: string) => Promise<readonly Row[]>
  /** Ends the server at once, and starts it again. */
  readonly crash: () => Promise<void>
  readonly stop: () => Promise<void>
}

const READY_TRIES_MAX = 300

/** Starts a server, and waits until it answers. */
export const startPostgres = async (): Promise<PostgresServer> => {
  const server = findProgram(
    ['usr/lib/postgresql/*/bin/postgres', 'usr/local/bin/postgres'],
    ['postgresql-15', 'postgresql-client-15', 'libpq5'],
  )
  const directory = mkdtempSync(join(tmpdir(), 'millrace-postgres-'))
  chmodSync(directory, 0o700)
  const user = serverUser()
  if (user.uid !== undefined) chownSync(directory, user.uid, user.gid ?? user.uid)
  const data = join(directory, 'data')
  const shared = { ...user, env: { ...process.env, LC_ALL: 'C', LD_LIBRARY_PATH: libraryPath } }
  const init = ['-D', data, '-U', 'millrace', '--auth=trust', '--encoding=UTF8', '--no-sync']
  execFileSync(join(dirname(server), 'initdb'), init, { ...shared, stdio: 'pipe', cwd: directory })
  const port = await freePort()
  const url = `postgres://millrace@127.0.0.1:${port}/postgres`
  const pool = new Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 5_000 })
  pool.on('error', () => undefined)
  const query = async (text: string): Promise<readonly Row[]> => {
    const result = await pool.query<Row>(text)
    return Array.isArray(result) ? [] : result.rows
  }
  const start = async (): Promise<ChildProcess> => {
    const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', directory]
    const child = spawn(server, args, { ...shared, stdio: 'ignore', cwd: directory })
    for (let tries = 1; ; tries++) {
      try {
        await query('SELECT 1')
        return child
      } catch (error) {
        if (child.exitCode !== null || tries >= READY_TRIES_MAX) throw error
        await sleep(100)
      }
    }
  }
  const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }
  let running = await start()
  return {
    url,
    query,
    async crash() {
      await end(running, 'SIGQUIT')
      running = await start()
    },
    async stop() {
      await pool.end()
      await end(running, 'SIGINT')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
