/** Where results and state cannot be written, the process says so and loses nothing. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { millrace, pipelinePath, temporaryDirectory } from './millrace.ts'
import { bound, directoryWith, words } from './refusals.ts'
import { typeIn } from './shell.ts'
import { root } from '../tidy/source.ts'

const TIMEOUT = { timeout: 60_000 }
const cli = `'${process.execPath}' --conditions=millrace-source '${join(root, 'cli', 'main.ts')}'`
const run = `${cli} run '${pipelinePath('printed')}' --once --bind lines=in --state state`

describe.skipIf(!existsSync('/dev/full'))('a standard output that is full', () => {
  test.each(['', '--json'])('fails the batch, which is printed later %s', TIMEOUT, async (json) => {
    const directory = directoryWith({ 'in/a.txt': 'good mill\n' })
    const full = await typeIn(directory, `${run} ${json} > /dev/full`)
    expect(full.exitCode).toBe(3)
    expect(full.stderr).toMatch(/\[OUTPUT_FAILED\][^]*ENOSPC[^]*make room/)
    const again = await typeIn(directory, `${run} ${json}`)
    expect([again.exitCode, again.stdout.includes('good mill')]).toEqual([0, true])
  })

  test.each(['--help', 'help errors', 'status --state state'])(
    'is said by millrace %s',
    TIMEOUT,
    async (command) => {
      const directory = directoryWith({ 'in/a.txt': 'good mill\n' })
      await typeIn(directory, run)
      const { exitCode, stderr } = await typeIn(directory, `${cli} ${command} > /dev/full`)
      expect([exitCode, stderr]).toEqual([3, expect.stringContaining('[OUTPUT_FAILED]')])
      expect(stderr).not.toContain('node:')
    },
  )

  test('a reader that goes is no failure', TIMEOUT, async () => {
    const directory = directoryWith({ 'in/a.txt': 'good mill\n' })
    const { exitCode, stderr } = await typeIn(directory, `set -e; ${run} | head -1`)
    expect([exitCode, stderr]).toEqual([0, ''])
  })
})

describe('a place where nothing can be made', () => {
  const isThere = existsSync('/proc/self')
  test.skipIf(!isThere).each([
    ['a store', ['--state', '/proc/millrace/x'], 5, /STORE_FAILED[^]*choose another place/],
    ['an output', ['--bind', 'results=/proc/out'], 3, /OUTPUT_FAILED[^]*choose another place/],
  ])('%s', TIMEOUT, async (_, args, exitCode, says) => {
    const directory = directoryWith({ 'in/a.txt': 'good mill\n' })
    const ended = await millrace(directory, 'run', words, '--once', ...bound, ...args)
    expect([ended.exitCode, ended.stderr]).toEqual([exitCode, expect.stringMatching(says)])
  })

  test('a directory below a file', TIMEOUT, async () => {
    const directory = temporaryDirectory()
    const ended = await typeIn(directory, `mkdir in; touch f; ${run} --state f/state`)
    expect(ended.stderr).toMatch(/STORE_FAILED[^]*a part of this path is a file/)
  })
})
