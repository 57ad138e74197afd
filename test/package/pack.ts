/**
 * Packs the package once for all tests of it, while other tests run. It is also the only build of
 * `npm test`, and the check of the types that it needs.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The directory in which the tarball appears. */
    readonly packed: string
  }
}

const root = join(import.meta.dirname, '..', '..')
const ENDED = 'ended.txt'

let folder = ''
let packing: Promise<void> | undefined

/** Starts to pack. Vitest calls it once, before the tests. */
export const setup = ({ provide }: TestProject): void => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-packed-'))
  provide('packed', folder)
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter)
  const env = { ...process.env, PATH, npm_config_offline: 'true' }
  packing = new Promise((resolve) => {
    execFile(
      'npm',
      ['pack', '--pack-destination', folder],
      { cwd: root, env },
      (error, ...said) => {
        writeFileSync(join(folder, ENDED), error === null ? '' : said.join(''))
        resolve()
      },
    )
  })
}

/** Vitest calls it once, after the tests. */
export const teardown = async (): Promise<void> => {
  await packing
  rmSync(folder, { recursive: true, force: true })
}

const POLL_MS = 100

/** The path of the tarball, when it is there. */
export const tarballIn = async (packed: string): Promise<string> => {
  while (!existsSync(join(packed, ENDED))) await setTimeout(POLL_MS)
  const name = readdirSync(packed).find((one) => one.endsWith('.tgz'))
  if (name === undefined)
    throw new Error(`npm pack failed:\n${readFileSync(join(packed, ENDED), 'utf8')}`)
  return join(packed, name)
}
