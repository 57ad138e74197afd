/**
 * Programs of Debian for tests, such as a database server: those that are installed, or unpacked
 * below `.emulator/` without installing anything.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const unpacked = join(root, '.emulator', 'debian')
const FETCH_MS_MAX = 300_000

const runIn = (folder: string, command: string, ...args: readonly string[]): void => {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: FETCH_MS_MAX,
  })
  if (status === 0) return
  throw new Error(
    `Tests of databases need a server, and ${command} ${args.join(' ')} failed.\n` +
      '  fix: install it with the package manager of this machine.\n' +
      `  because: ${error?.message ?? `${stdout}\n${stderr}`}`,
  )
}

/** The libraries of what is unpacked. */
export const libraryPath: string = [
  'usr/lib/x86_64-linux-gnu',
  'usr/lib/aarch64-linux-gnu',
  'usr/lib',
]
  .map((folder) => join(unpacked, folder))
  .join(':')

/**
 * The path of a program. `patterns`: where it may be, below the root of the system. `packages`:
 * those that bring it.
 */
export const findProgram = (patterns: readonly string[], packages: readonly string[]): string => {
  const look = (base: string): string | undefined =>
    patterns.flatMap((pattern) => globSync(join(base, pattern)).toSorted()).at(-1)
  const found = look('/') ?? look(unpacked)
  if (found !== undefined) return found
  mkdirSync(unpacked, { recursive: true })
  runIn(unpacked, 'apt-get', 'download', ...packages)
  for (const name of packages)
    for (const file of globSync(join(unpacked, `${name}_*.deb`)))
      runIn(unpacked, 'dpkg-deb', '--extract', file, unpacked)
  const program = look(unpacked)
  if (program === undefined || !existsSync(program))
    throw new Error(`the packages ${packages.join(', ')} have none of ${patterns.join(', ')}`)
  return program
}

/** A port that nothing listens on. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no port')),
      )
    })
  })

/** A user that a server may run as, where this process is the root user. */
export const serverUser = (): { readonly uid?: number; readonly gid?: number } =>
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
