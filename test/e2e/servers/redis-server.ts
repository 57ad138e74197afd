/** A Redis server for tests, with a directory of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@redis/client'
import { findProgram, libraryPath } from './debian.ts'
import { freePort } from '../../ports.ts'

const connect = (url: string) =>
  createClient({ url, socket: { reconnectStrategy: () => 50 } }).on('error', () => undefined)

/** A server that runs. */
export interface RedisServer {
  readonly url: string
  /** A client for the test itself. */
  readonly client: ReturnType<typeof connect>
  readonly stop: () => Promise<void>
}

const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'liblua5.1-0']
const PARTS = ['lua-bitop', 'lua-cjson', 'libatomic1']

/** Starts a server, and waits until it answers. */
export const startRedis = async (): Promise<RedisServer> => {
  const server = findProgram(
    ['usr/bin/redis-server', 'usr/local/bin/redis-server'],
    [...PACKAGES, ...PARTS],
  )
  const directory = mkdtempSync(join(tmpdir(), 'millrace-redis-'))
  const port = await freePort()
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '']
  const child = spawn(server, settings, {
    env: { ...process.env, LD_LIBRARY_PATH: libraryPath },
    stdio: 'ignore',
  })
  const url = `redis://127.0.0.1:${port}`
  const client = connect(url)
  await client.connect()
  return {
    url,
    client,
    async stop() {
      client.destroy()
      const closed = once(child, 'close')
      child.kill()
      await closed
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
