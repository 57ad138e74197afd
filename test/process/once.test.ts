import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  type Ended,
  millrace,
  pipelinePath,
  startMillrace,
  temporaryDirectory,
} from './millrace.ts'

const HOUR_S = 3_600

/** A directory `in`. `write` puts a file there, with a time relative to now. */
const bed = () => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'in'))
  const run = (...options: readonly string[]): Promise<Ended> =>
    millrace(
      directory,
      'run',
      pipelinePath('to-the-end'),
      '--bind',
      'lines=in',
      '--once',
      ...options,
    )
  const write = (name: string, text: string, afterS = 0): void => {
    const path = join(directory, 'in', name)
    writeFileSync(path, text)
    const time = Date.now() / 1_000 + afterS
    utimesSync(path, time, time)
  }
  return { run, write }
}

test('a first run without input names what it leaves out, and why', async () => {
  const { run, write } = bed()
  write('old-1', 'a\n', -HOUR_S)
  write('old-2', 'a\n', -HOUR_S)
  write('late', 'a\n', HOUR_S)
  const { exitCode, stdout, stderr } = await run()
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(
    /Done: there was nothing to process\. No record came from lines \(files in in\)\.\n$/,
  )
  expect(stderr.split('\n').toSorted()).toEqual([
    '',
    'lines: 1 file left out, with a time in the future (late). Files are read when their time ' +
      'has come',
    'lines: 2 files left out, older than the first start (old-1, ...). To read such files, give ' +
      "the source existing: 'all', and use a new --state",
  ])
  expect((await run()).stdout).toContain('Done: there was nothing to process.')
})

test('windows show what they hold, and keys end or are counted', async () => {
  const { run, write } = bed()
  await run()
  write('words', 'a\nb\n')
  const counted = await run('--no-until-idle')
  expect(counted.stdout).toMatch(/\n2\n\n/)
  expect(counted.stdout).toContain('2 keys still wait for a time-out or a timer, the first until ')
  expect(counted.stdout).not.toContain('ended')
  const ended = await run()
  expect(ended.stdout).toContain('a ended\nb ended\n')
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await run()).stdout).toContain('Done: nothing new since the last run.')
})

test('a run that put every record aside does not end well', async () => {
  const { run, write } = bed()
  await run()
  write('words', 'bad\nbad\n')
  const { exitCode, stderr } = await run()
  expect(exitCode).toBe(6)
  expect(stderr).toContain('Every record was put aside, and nothing was counted.')
  write('more', 'bad\na\n')
  expect((await run()).exitCode).toBe(0)
})

test('the standard input and made-up lines can be read', async () => {
  const directory = temporaryDirectory()
  const run = (...options: readonly string[]) =>
    startMillrace(directory, 'run', pipelinePath('line-totals'), '--once', ...options)
  const piped = run('--bind', 'lines=-', '--bind', 'results=out', '--state', 'piped')
  piped.child.stdin?.end('a\nb\na')
  expect(await piped.ended).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await piped.ended).stdout).toMatch(/Done: \d batch(es)?, 3 records, 0 dead letters\./)
  const made = await run('--demo', '--bind', 'results=out', '--state', 'made').ended
  expect(made).toMatchObject({ exitCode: 0, stderr: '' })
  expect(made.stdout).toMatch(/lines: made-up lines\n/)
})

test('lines of several runs wait for one file, and a run to the end writes it', async () => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'in'))
  const run = (...options: readonly string[]): Promise<Ended> =>
    millrace(
      directory,
      'run',
      pipelinePath('rolled'),
      '--bind',
      'lines=in',
      '--bind',
      'results=out',
      '--once',
      ...options,
    )
  await run()
  // The system dates files some milliseconds back: these could be from before the start.
  await sleep(50)
  const counted: string[] = []
  for (const [index, text] of ['a\nb\n', 'c\n'].entries()) {
    writeFileSync(join(directory, 'in', `lines-${index}`), text)
    counted.push((await run('--no-until-idle')).stdout)
  }
  for (const stdout of counted)
    expect(stdout).toContain('1 output still waits for the end of a period, the first until ')
  expect(counted.join('')).not.toContain('key')
  expect(readdirSync(directory)).not.toContain('out')
  expect(await run()).toMatchObject({ exitCode: 0, stderr: '' })
  const [written = ''] = readdirSync(join(directory, 'out'))
  expect(Number(written.replace('lines-', '')) % 86_400_000).toBe(0)
  expect(readFileSync(join(directory, 'out', written, 'part-00000'), 'utf8')).toBe('a\nb\nc\n')
  expect(readdirSync(join(directory, 'out', written)).toSorted()).toEqual([
    '_SUCCESS',
    'part-00000',
  ])
})
