import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { eventsIn, millrace, pipelinePath, startMillrace, temporaryDirectory } from './millrace.ts'
import { countsOf, savedCounts, sorted } from './results.ts'

const example = join(import.meta.dirname, '..', '..', 'examples', 'word-count.ts')
const TIMEOUT = { timeout: 60_000 }

const directoryWith = (...lines: readonly string[]): string => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'in'))
  if (lines.length > 0)
    writeFileSync(join(directory, 'in', 'a.txt'), lines.map((line) => `${line}\n`).join(''))
  return directory
}

describe('the word count', () => {
  const run = ['run', example, '--bind', 'lines=in']

  test(
    'counts everything, prints like Spark, keeps totals, and says when nothing is new',
    TIMEOUT,
    async () => {
      const directory = directoryWith('The mill, the race:', 'THE WHEEL')
      const { exitCode, stdout, stderr } = await millrace(directory, ...run, '--once')
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      const ruler = '-'.repeat(43)
      const block = (label: string, ...lines: readonly string[]): string =>
        `${ruler}\n${label}Time: <ms> ms\n${ruler}\n${lines.join('\n')}\n\n`
      expect(stdout.replaceAll(/Time: \d+ ms \(\S+Z\)/g, 'Time: <ms> ms')).toBe(
        [
          'word-count: everything there is, once; state in .millrace/word-count\n' +
            '  lines: files in in\n',
          block('', '(the,3)', '(mill,1)', '(race,1)', '(wheel,1)'),
          block('totals\n', 'the: 3 so far', 'mill: 1 so far', 'race: 1 so far', 'wheel: 1 so far'),
          'Done: 1 batch, 2 records, 0 dead letters.\n',
        ].join(''),
      )
      expect((await millrace(directory, ...run, '--once')).stdout).toContain(
        'Done: nothing new since the last run.',
      )
      writeFileSync(join(directory, 'in', 'b.txt'), 'the end')
      expect((await millrace(directory, ...run, '--once')).stdout).toContain('the: 4 so far')
    },
  )

  test('counts the files of all directories that match', TIMEOUT, async () => {
    const directory = directoryWith()
    for (const name of ['in/app-1', 'in/app-2', 'in/other']) {
      mkdirSync(join(directory, name))
      writeFileSync(join(directory, name, 'a.txt'), name)
    }
    const { exitCode, stdout } = await millrace(
      directory,
      'run',
      example,
      '--bind',
      'lines=in/app-*',
      '--once',
    )
    expect({ exitCode }).toEqual({ exitCode: 0 })
    expect(stdout).toContain('(app,2)')
    expect(stdout).not.toContain('other')
  })

  test(
    'waits for files, says how to add one, reads it, and continues after a Ctrl-C',
    TIMEOUT,
    async () => {
      const directory = directoryWith()
      const running = startMillrace(directory, ...run)
      const said = await running.until((stdout) => stdout.includes('Waiting'))
      expect(said).toContain(
        'Waiting for files in in: copy one in, for example: cp notes.txt in/\n',
      )
      copyFileSync(example, join(directory, 'in', 'a.txt'))
      await running.until(
        (stdout) => stdout.includes('so far') && stdout.split('Waiting').length === 3,
      )
      const { exitCode, stdout, stderr } = await running.signal('SIGINT')
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      expect(stdout).toMatch(
        new RegExp(
          String.raw`Stopped after \d+ batches, \d+ records, 0 dead letters\. ` +
            String.raw`The next run continues from \.millrace/word-count\.\n$`,
        ),
      )
      const again = startMillrace(directory, ...run)
      await again.until((text) => text.includes('Waiting'))
      expect(await again.signal('SIGTERM')).toMatchObject({ exitCode: 0, stderr: '' })
    },
  )
})

test('--json prints one object per line, from started to ended', TIMEOUT, async () => {
  const directory = directoryWith('mill race')
  const { exitCode, stdout } = await millrace(
    directory,
    'run',
    example,
    '--bind',
    'lines=in',
    '--once',
    '--json',
  )
  expect(exitCode).toBe(0)
  const events = eventsIn(stdout)
  expect(events).toHaveLength(stdout.trimEnd().split('\n').length)
  expect(events.map(({ event }) => event)).toEqual([
    'started',
    'batchStarted',
    'print',
    'print',
    'batchCompleted',
    'ended',
  ])
  expect(events[0]).toMatchObject({
    app: 'word-count',
    plan: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
    state: '.millrace/word-count',
    intakeStages: [{ source: 'textFileStream-1', nodes: ['flatMap-1', 'mapToPair-1'] }],
    sources: [
      {
        id: 'textFileStream-1',
        name: 'lines',
        location: { kind: 'files', path: join(directory, 'in'), shown: 'in' },
      },
    ],
  })
  expect(events.at(-1)).toEqual({
    event: 'ended',
    how: 'done',
    exitCode: 0,
    batches: 1,
    records: 1,
    deadLetters: 0,
  })
})

test(
  'B8: a backlog of a hundred times the limit is processed in limited batches',
  TIMEOUT,
  async () => {
    const directory = directoryWith()
    for (let file = 0; file < 300; file++)
      writeFileSync(join(directory, 'in', `file-${file}`), `word-${file % 7} all\n`)
    const run = [
      'run',
      pipelinePath('word-totals'),
      '--bind',
      'lines=in',
      '--bind',
      'results=out',
      '--state',
      'state',
      '--json',
    ]
    const { exitCode, stdout } = await millrace(directory, ...run, '--once')
    expect(exitCode).toBe(0)
    const completed = eventsIn(stdout).filter(
      ({ event, objects }) => event === 'batchCompleted' && objects !== 0,
    )
    const sizes = completed.map(({ objects }) => Number(objects))
    expect(sizes.reduce((total, size) => total + size, 0)).toBe(300)
    // How far they grow depends on the machine. The last one takes what is left.
    let most = 3
    for (const [index, size] of sizes.entries()) {
      expect(size).toBeLessThanOrEqual(index === 0 ? 3 : 2 * most)
      if (index < sizes.length - 1) expect(size).toBeGreaterThanOrEqual(3)
      most = Math.max(most, size)
    }
    const totals =
      [...savedCounts(join(directory, 'out'), 'totals').values()].at(-1) ??
      new Map<string, number>()
    const words = Array.from({ length: 300 }, (_, file) => [`word-${file % 7}`, 1] as const)
    expect(sorted(totals)).toEqual(sorted(countsOf([...words, ['all', 300]])))
  },
)

test('a second Ctrl-C ends a batch that hangs', TIMEOUT, async () => {
  const directory = directoryWith('one')
  const running = startMillrace(
    directory,
    'run',
    pipelinePath('hanging'),
    '--bind',
    'lines=in',
    '--state',
    'state',
    '--json',
  )
  await running.untilEvent('batchStarted')
  running.child.kill('SIGINT')
  await running.untilEvent('stopping')
  // Two signals within a second count as one, because npm passes on the Ctrl-C that the terminal
  // has already sent.
  const again = setInterval(() => running.child.kill('SIGINT'), 300)
  const { exitCode } = await running.ended.finally(() => clearInterval(again))
  expect(exitCode).toBe(130)
})

test('a reader that closes the output ends the run without an error', TIMEOUT, async () => {
  const directory = directoryWith('one')
  const running = startMillrace(directory, 'run', example, '--bind', 'lines=in')
  await running.until((stdout) => stdout.includes('so far'))
  running.child.stdout?.destroy()
  writeFileSync(join(directory, 'in', 'b.txt'), 'two\n')
  expect(await running.ended).toMatchObject({ exitCode: 0, stderr: '' })
})

describe('help', () => {
  test.each([
    { args: [], says: ['Examples', 'millrace run word-count.ts', '130  stopped at once'] },
    { args: ['--help'], says: ['Examples'] },
    { args: ['help'], says: ['Examples'] },
    { args: ['help', 'run'], says: ['--bind NAME=URI', 'nc -lk 9999'] },
    { args: ['skip', '--help'], says: ['Skips the batch'] },
    { args: ['--version'], says: [manifest.version] },
  ])('$args', TIMEOUT, async ({ args, says }) => {
    const { exitCode, stdout, stderr } = await millrace(temporaryDirectory(), ...args)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    for (const text of says) expect(stdout).toContain(text)
  })
})
