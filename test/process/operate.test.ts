import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Ended, millrace, pipelinePath } from './millrace.ts'
import { directoryWith } from './refusals.ts'

const example = join(import.meta.dirname, '..', '..', 'examples', 'word-count.ts')
const TIMEOUT = { timeout: 60_000 }

describe('a batch that fails', () => {
  const run = ['run', pipelinePath('failing'), '--bind', 'lines=in', '--state', 'state']

  test('stops the pipeline, and the operator resumes or skips the batch', TIMEOUT, async () => {
    const directory = directoryWith({ 'in/a.txt': 'one\ntwo\n' })
    const failed = await millrace(directory, ...run)
    expect(failed.exitCode).toBe(3)
    expect(failed.stderr).toContain('connection refused')
    expect(failed.stderr).toContain('millrace resume --state state')
    const status = async (): Promise<string> =>
      (await millrace(directory, 'status', '--state', 'state')).stdout
    expect(await status()).toMatch(
      /status +FAILED[^]*failed with +The function of foreachRDD threw \[USER_FUNCTION_FAILED]/,
    )

    // The next run stops too.
    expect(await millrace(directory, ...run, '--once')).toMatchObject({ exitCode: 3 })
    expectDone(
      await millrace(directory, 'resume', '--state', 'state'),
      'counts its attempts from 1',
      'connection refused',
    )
    expect(await status()).toMatch(/status +a batch has started and is not finished/)
    expect(await millrace(directory, ...run, '--once')).toMatchObject({ exitCode: 3 })

    expectDone(
      await millrace(directory, 'skip', '--state', 'state'),
      'is skipped',
      '1 file of textFileStream-1: a.txt',
      'none of it will be read again',
    )
    expect(await millrace(directory, ...run, '--once')).toMatchObject({ exitCode: 0 })
    expect(await status()).toMatch(/dead letters +none[^]* 1 +\d+ .*skipped/)
  })

  test('is tried again later, and the error is shown once in full', TIMEOUT, async () => {
    const directory = directoryWith({ 'in/a.txt': 'one\n' })
    const { exitCode, stderr } = await millrace(directory, ...run)
    expect(exitCode).toBe(3)
    expect(stderr.match(/failed, attempt 1; next attempt at/g)).toHaveLength(1)
  })
})

describe('reset', () => {
  test('removes the store and nothing else', TIMEOUT, async () => {
    const directory = directoryWith({ 'in/a.txt': 'one\n' })
    const run = ['run', example, '--bind', 'lines=in', '--state', 'state', '--once']
    await millrace(directory, ...run)
    writeFileSync(join(directory, 'state', 'mine.txt'), 'mine')
    expectDone(
      await millrace(directory, 'reset', '--state', 'state', '--yes'),
      'starts from nothing',
      'mine.txt',
    )
    expect(readdirSync(join(directory, 'state'))).toEqual(['mine.txt'])
    expect((await millrace(directory, ...run)).stdout).toContain('one: 1 so far')
  })

  test('removes the directory that the run created', TIMEOUT, async () => {
    const directory = directoryWith({ 'in/a.txt': 'one\n' })
    await millrace(directory, 'run', example, '--bind', 'lines=in', '--state', 'state', '--once')
    expectDone(await millrace(directory, 'reset', '--state', 'state', '--yes'), 'removed')
    expect(existsSync(join(directory, 'state'))).toBe(false)
  })

  test('lets the next run write over the outputs of the removed store', TIMEOUT, async () => {
    const directory = directoryWith({ 'in/a.txt': 'one\n' })
    const run = [
      'run',
      pipelinePath('word-totals'),
      '--bind',
      'lines=in',
      '--bind',
      'results=out',
      '--state',
      'state',
      '--once',
    ]
    await millrace(directory, ...run)
    await millrace(directory, 'reset', '--state', 'state', '--yes')
    expect(await millrace(directory, ...run)).toMatchObject({ exitCode: 0, stderr: '' })
  })
})

const expectDone = ({ exitCode, stdout, stderr }: Ended, ...says: readonly string[]): void => {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  for (const text of says) expect(stdout).toContain(text)
}
