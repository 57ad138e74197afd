/** A single file, and a pattern of files, as they are named on the command line. */
import { appendFileSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Ended, millrace, pipelinePath, temporaryDirectory } from './millrace.ts'

const HOUR_S = 3_600
const ONCE = ['--once', '--no-until-idle', '--json']

interface RunEvent {
  readonly event: string
  readonly records?: number
  readonly sources?: readonly { readonly what: string }[]
}

/** A directory with files. An hour old, if their text begins with `old`. */
const placeWith = (files: Readonly<Record<string, string>>) => {
  const directory = temporaryDirectory()
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    const time = Date.now() / 1_000 - HOUR_S
    if (text.startsWith('old')) utimesSync(path, time, time)
  }
  const run = (binding: string): Promise<Ended> =>
    millrace(directory, 'run', pipelinePath('to-the-end'), ...ONCE, '--bind', `lines=${binding}`)
  /** Runs, and returns how many records it took, and from what. */
  const read = async (binding: string): Promise<readonly [records: number, what: string]> => {
    const { exitCode, stdout, stderr } = await run(binding)
    expect([exitCode, stderr]).toEqual([0, stderr])
    const events = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as RunEvent)
    const { records = 0 } = events.find(({ event }) => event === 'ended') ?? {}
    const { sources = [] } = events.find(({ event }) => event === 'started') ?? {}
    return [records, sources[0]?.what ?? '']
  }
  return { directory, run, read }
}

describe('a single file', () => {
  test.each([
    ['an old one', 'access.log', 2],
    ['a new one', 'new.log', 1],
    ['a hidden one', '.hidden', 1],
    ['a link that leads elsewhere', 'here/link.log', 2],
    ['a name with characters of patterns', 'a[1].log', 1],
  ])('%s is read once', async (_, name, records) => {
    const { directory, read } = placeWith({
      'access.log': 'old\nb\n',
      'new.log': 'a\n',
      '.hidden': 'old',
      'a[1].log': 'old\n',
      'here/other': 'x\nx\nx\n',
    })
    symlinkSync(join(directory, 'access.log'), join(directory, 'here/link.log'))
    expect(await read(name)).toEqual([records, `the file ${name}, once`])
    expect(await read(name)).toEqual([0, `the file ${name}, once`])
  })

  test('what is written to it later is said, with what to do', async () => {
    const { directory, read, run } = placeWith({ 'access.log': 'old\nb\n' })
    await read('access.log')
    appendFileSync(join(directory, 'access.log'), 'c\n')
    const { exitCode, stdout } = await run('access.log')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('it changed after it was read')
  })
})

describe('a pattern of files', () => {
  test('takes the files that match, each once, also later ones', async () => {
    const { directory, read } = placeWith({
      'logs/a.log': 'a\n',
      'logs/b.log': 'b\nb\n',
      'logs/c.txt': 'c\n',
      'logs/x.log/inside': 'd\n',
    })
    // The first run starts after these were written. Only later files are new, as in a directory.
    await read('logs/*.log')
    writeFileSync(join(directory, 'logs/d.log'), 'd\nd\nd\n')
    writeFileSync(join(directory, 'logs/d.txt'), 'd\n')
    expect(await read('logs/*.log')).toEqual([3, 'files in logs/*.log'])
    expect((await read('logs/*.log'))[0]).toBe(0)
  })
})
