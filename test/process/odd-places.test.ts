/** Runs in directories whose names look like patterns, and on what only looks like a file. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Ended, millrace, pipelinePath } from './millrace.ts'
import { directoryWith } from './refusals.ts'

const TIMEOUT = { timeout: 60_000 }

const run = (directory: string, lines = 'in'): Promise<Ended> =>
  millrace(
    directory,
    'run',
    pipelinePath('hostile'),
    '--once',
    '--bind',
    `lines=${lines}`,
    '--state',
    'state',
  )

describe('a project in a directory whose name looks like a pattern', () => {
  test.each([
    ['app [v1]', 'app v'],
    ['{a,b}', 'a'],
    ['a*b', 'axb'],
    ['a?', 'ax'],
  ])('%s reads its own files, and not those of %s', TIMEOUT, async (name, neighbour) => {
    const place = directoryWith({
      [`${name}/in/a.txt`]: 'good mine\n',
      [`${neighbour}/in/a.txt`]: 'good theirs\n',
    })
    const project = join(place, name)
    for (const lines of ['in', join(project, 'in')]) {
      const { exitCode, stdout, stderr } = await run(project, lines)
      expect([exitCode, stderr.includes('DIRECTORY_MISSING')]).toEqual([0, false])
      expect(stdout).not.toContain('theirs')
      if (lines === 'in') expect(stdout).toContain('good mine')
    }
  })

  test('a pattern of its own is a pattern there too', TIMEOUT, async () => {
    const place = directoryWith({
      'app [v1]/in-1/a.txt': 'good one\n',
      'app [v1]/in-2/a.txt': 'good two\n',
      'app v/in-1/a.txt': 'good theirs\n',
    })
    const { stdout } = await run(join(place, 'app [v1]'), 'in-[12]')
    expect(stdout).toMatch(/good one[^]*good two/)
    expect(stdout).not.toContain('theirs')
  })
})

describe('a FIFO in a watched directory', () => {
  test('is left out with a warning, and the files beside it are read', TIMEOUT, async () => {
    const directory = directoryWith({ 'in/a.txt': 'good file\n' })
    execFileSync('mkfifo', [join(directory, 'in', 'b.txt')])
    const { exitCode, stdout, stderr } = await run(directory)
    expect([exitCode, stdout.includes('good file')]).toEqual([0, true])
    expect(stderr).toMatch(/b\.txt.*FIFO/)
  })

  test('does not keep later files from being read', TIMEOUT, async () => {
    const directory = directoryWith()
    execFileSync('mkfifo', [join(directory, 'in', 'a.txt')])
    expect((await run(directory)).exitCode).toBe(0)
    mkdirSync(join(directory, 'in', 'directory'))
    writeFileSync(join(directory, 'in', 'b.txt'), 'good later\n')
    expect((await run(directory)).stdout).toContain('good later')
  })
})
