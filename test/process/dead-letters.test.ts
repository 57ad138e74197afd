import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { madeOnce } from './made-once.ts'
import {
  type Ended,
  millrace,
  pipelinePath,
  startMillrace,
  temporaryDirectory,
} from './millrace.ts'
import { linesIn } from './results.ts'

const STATE = ['--state', 'state']
const run = (directory: string, name: string): Promise<Ended> =>
  millrace(
    directory,
    'run',
    pipelinePath(name),
    '--once',
    '--bind',
    'lines=./in',
    '--bind',
    'results=./out',
    ...STATE,
  )

const objectsIn = (stdout: string): readonly Readonly<Record<string, unknown>>[] =>
  stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/**
 * A directory with a store in which a run has put three lines aside: two on which the function
 * throws, and one that is not UTF-8.
 */
const afterTrouble = madeOnce(async (directory) => {
  mkdirSync(join(directory, 'in'))
  const bytes = Buffer.concat([Buffer.from('good\nbad one\nbad two\n'), Buffer.from([0xff, 0x0a])])
  writeFileSync(join(directory, 'in', 'a.txt'), bytes)
  expect(await run(directory, 'picky')).toMatchObject({ exitCode: 0 })
})

describe('dead-letters', () => {
  test('come page by page, into a file, and go', async () => {
    const directory = await afterTrouble()
    const list = (...options: readonly string[]): Promise<Ended> =>
      millrace(directory, 'dead-letters', ...STATE, ...options)
    const first = await list('--limit', '2')
    const [, page = ''] = /There are more: --page (\S+)\n$/.exec(first.stdout) ?? []
    expect(first.stdout).toContain('"bad one"')
    const second = await list('--limit', '2', '--page', page)
    expect(second.stdout).not.toContain('"bad one"')
    expect(second.stdout).toContain('LINE_NOT_UTF8')
    expect(second.stdout).not.toContain('There are more')

    expect(await list('--export', 'letters.jsonl')).toMatchObject({ exitCode: 0 })
    const exported = objectsIn(readFileSync(join(directory, 'letters.jsonl'), 'utf8'))
    expect(exported).toEqual(objectsIn((await list('--json')).stdout))
    expect(exported).toHaveLength(3)
    expect(statSync(join(directory, 'letters.jsonl')).mode & 0o777).toBe(0o600)
    expect(await list('--export', 'letters.jsonl')).toMatchObject({ exitCode: 2 })

    expect(await list('--delete')).toMatchObject({ exitCode: 2 })
    expect(await list('--page', 'nonsense')).toMatchObject({ exitCode: 2 })
    const before = ['--before', '1h', '--delete', '--yes', '--json']
    expect(objectsIn((await list(...before)).stdout)).toMatchObject([{ deadLetters: 0 }])
    const position = String(exported[0]?.['position'])
    expect((await list('--position', position, '--delete', '--yes')).stdout).toContain(
      '1 dead letter deleted',
    )
    expect(objectsIn((await list('--json')).stdout)).toHaveLength(2)
  })

  test('shows time, code, source, reason and data', async () => {
    const directory = await afterTrouble()
    const { exitCode, stdout } = await millrace(directory, 'dead-letters', ...STATE)
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(
      new RegExp(
        String.raw`^\d{4}-\d\d-\d\d .*Z {2}USER_FUNCTION_FAILED {2}` +
          String.raw`textFileStream-1#a\.txt#2 in map-1, declared at \S+picky\.ts:5:66\n` +
          String.raw` {2}TypeError: not this one: bad one\n {4}at \S+picky\.ts:6:37\n` +
          String.raw` {2}"bad one"\n`,
      ),
    )
    expect(stdout).toMatch(
      new RegExp(
        String.raw`LINE_NOT_UTF8 {2}textFileStream-1#a\.txt@\d+\n.*\n {2}"/w=="\n` +
          ' {2}cannot be redriven: .*could not be read',
      ),
    )
    expect(stdout).toMatch(
      new RegExp(
        'picky: 3 dead letters since .*; after you have fixed the code, ' +
          String.raw`millrace redrive --state state can redrive 2 records\n$`,
      ),
    )
  })

  test.each([
    { options: [], lines: ['bad one', 'bad two', undefined] },
    { options: ['--limit', '1'], lines: ['bad one'] },
    { options: ['--code', 'LINE_NOT_UTF8'], lines: [undefined] },
    {
      options: ['--source', 'textFileStream-1', '--since', '1h', '--limit', '2'],
      lines: ['bad one', 'bad two'],
    },
    { options: ['--source', 'other'], lines: [] },
    { options: ['--since', '2999-01-01'], lines: [] },
  ])('--json gives the data in full: $options', async ({ options, lines }) => {
    const directory = await afterTrouble()
    const { exitCode, stdout } = await millrace(
      directory,
      'dead-letters',
      ...STATE,
      '--json',
      ...options,
    )
    expect(exitCode).toBe(0)
    const deadLetters = objectsIn(stdout)
    expect(deadLetters.map(({ text }) => text)).toEqual(lines)
    for (const { text, redrivable, base64, position } of deadLetters) {
      expect(redrivable).toBe(text !== undefined)
      expect(base64).toBe(text === undefined ? '/w==' : undefined)
      expect(position).toMatch(/^a\.txt/)
    }
  })

  test('says that there are none', async () => {
    const directory = await afterTrouble()
    expect(
      (await millrace(directory, 'dead-letters', ...STATE, '--source', 'other')).stdout,
    ).toMatch(/^picky: no dead letters since /)
  })
})

describe('redrive', () => {
  test('redrives each record once, and says which ones it could not redrive', async () => {
    const directory = await afterTrouble()
    const { stdout, exitCode } = await millrace(directory, 'redrive', ...STATE)
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('picky: 2 records redriven') as string,
    })
    expect(stdout).toMatch(/Not redriven:\n {2}1 record: the dead letter holds no record/)
    await millrace(directory, 'redrive', ...STATE)
    expect(await run(directory, 'fixed-picky')).toMatchObject({ exitCode: 0 })
    expect(await run(directory, 'fixed-picky')).toMatchObject({ exitCode: 0 })
    expect(linesIn(join(directory, 'out')).toSorted()).toEqual(['4 good', '7 bad one', '7 bad two'])
    expect((await millrace(directory, 'status', ...STATE)).stdout).toMatch(
      /dead letters +1 LINE_NOT_UTF8/,
    )
  })

  test('records that fail again are put aside again, and no batch fails', async () => {
    const directory = await afterTrouble()
    await millrace(directory, 'redrive', ...STATE, '--limit', '1')
    // Every record of this run was put aside.
    expect(await run(directory, 'picky')).toMatchObject({ exitCode: 6 })
    const { stdout } = await millrace(
      directory,
      'dead-letters',
      ...STATE,
      '--json',
      '--code',
      'USER_FUNCTION_FAILED',
    )
    const deadLetters = objectsIn(stdout)
    expect(deadLetters.map(({ text }) => String(text)).toSorted()).toEqual(['bad one', 'bad two'])
    expect(
      deadLetters.filter(({ position }) => String(position).startsWith('redrive-')),
    ).toHaveLength(1)
  })

  test('--json gives what it did', async () => {
    const directory = await afterTrouble()
    const { stdout } = await millrace(
      directory,
      'redrive',
      ...STATE,
      '--json',
      '--code',
      'USER_FUNCTION_FAILED',
    )
    expect(objectsIn(stdout)).toEqual([
      { done: 'redriven', app: 'picky', records: 2, finished: 0, left: {} },
    ])
  })

  test('killed many times in the middle: each record is in the results once', async () => {
    const directory = temporaryDirectory()
    mkdirSync(join(directory, 'in'))
    const names = Array.from({ length: 60 }, (_, index) => `bad ${index}`)
    for (let file = 0; file < 6; file++)
      writeFileSync(
        join(directory, 'in', `${file}.txt`),
        `${names.slice(file * 10, file * 10 + 10).join('\n')}\n`,
      )
    // Every record of this run was put aside.
    expect(await run(directory, 'picky')).toMatchObject({ exitCode: 6 })
    // Each command is killed a little later than the one before, until one finishes. The delay
    // grows by a factor, so a slow machine gets there soon too.
    for (let killed = 0, delayMs = 60; ; killed++, delayMs *= 1.2) {
      const command = startMillrace(directory, 'redrive', ...STATE, '--json')
      const timer = setTimeout(() => command.child.kill('SIGKILL'), delayMs)
      const { exitCode } = await command.ended
      clearTimeout(timer)
      if (exitCode === 0) {
        expect(killed).toBeGreaterThan(0)
        break
      }
    }
    await millrace(directory, 'redrive', ...STATE)
    expect(await run(directory, 'fixed-picky')).toMatchObject({ exitCode: 0 })
    expect(
      linesIn(join(directory, 'out'))
        .map((line) => line.replace(/^\d+ /, ''))
        .toSorted(),
    ).toEqual(names.toSorted())
  })
})
