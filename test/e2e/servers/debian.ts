/**
 * Programs of Debian for tests, such as a database server: those that are installed, or unpacked
 * below `.emulator/` without installing anything.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync } from 'node:fs'
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
    `These tests need a program, and ${command} ${args.join(' ')} failed.\n` +
      '  fix: install it with the package manager of this machine.\n' +
      `  because: ${error?.message ?? `${stdout}\n${stderr}`}`,
  )
}

/** The libraries of what is unpacked. */
export const libraryPath: string = ['x86_64-linux-gnu', 'aarch64-linux-gnu', '']
  .flatMap((machine) => [
    join('usr/lib', machine),
    join('lib', machine),
    // A library of sound, which a browser loads, has its parts in a folder of its own.
    join('usr/lib', machine, 'pulseaudio'),
  ])
  .map((folder) => join(unpacked, folder))
  .join(':')

/** The packages that an installation would bring, with all that they need and is not there. */
export const withMissing = (name: string): readonly string[] => {
  const args = ['install', '--simulate', '--no-install-recommends', name]
  const { stdout } = spawnSync('apt-get', args, { encoding: 'utf8', timeout: FETCH_MS_MAX })
  const found = [...(stdout ?? '').matchAll(/^Inst (\S+)/gm)].map(([, one = '']) => one)
  return found.length === 0 ? [name] : found
}

/** The variables of a program that may be unpacked. */
export const programEnvironment = (): Record<string, string> => ({
  ...(process.env as Record<string, string>),
  LD_LIBRARY_PATH: libraryPath,
})

/**
 * The path of a program. `patterns`: where it may be, below the root of the system. `packages`:
 * those that bring it.
 */
export const findProgram = (
  patterns: readonly string[],
  packages: readonly string[] | (() => readonly string[]),
): string => {
  const look = (base: string): string | undefined =>
    patterns.flatMap((pattern) => globSync(join(base, pattern)).toSorted()).at(-1)
  const found = look('/') ?? look(unpacked)
  if (found !== undefined) return found
  mkdirSync(unpacked, { recursive: true })
  const names = typeof packages === 'function' ? packages() : packages
  runIn(unpacked, 'apt-get', 'download', ...names)
  for (const name of names)
    for (const file of globSync(join(unpacked, `${name}_*.deb`)))
      runIn(unpacked, 'dpkg-deb', '--extract', file, unpacked)
  const program = look(unpacked)
  if (program === undefined || !existsSync(program))
    throw new Error(`the packages ${names.join(', ')} have none of ${patterns.join(', ')}`)
  return program
}

/** A user that a server may run as, where this process is the root user. */
export const serverUser = (): { readonly uid?: number; readonly gid?: number } =>
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
