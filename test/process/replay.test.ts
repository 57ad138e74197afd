/** `millrace replay`: what it prints, its exit codes, the copy, and what it only reads. */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { millrace, pipelinePath } from './millrace.ts'
import { directoryWith } from './refusals.ts'

const TIMEOUT = { timeout: 240_000 }
const BIND = ['--bind', 'lines=in', '--bind', 'results=out']
const RUN = ['--state', 'state', '--once', ...BIND]
const REPLAY = ['--state', 'state', '--from', '1h', ...BIND]

const hashOf = (directory: string): string => {
  const hash = createHash('sha256')
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .toSorted((a, b) => (join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1)))
    hash
      .update(join(entry.parentPath, entry.name))
      .update(readFileSync(join(entry.parentPath, entry.name)))
  return hash.digest('hex')
}

const ROOT = join(import.meta.dirname, '..', '..')

/** A directory with some words, in which modules find the package. */
const projectDirectory = (): string => {
  const directory = directoryWith({ 'in/a.txt': 'to be\n' })
  mkdirSync(join(directory, 'node_modules'))
  symlinkSync(ROOT, join(directory, 'node_modules', 'millrace'))
  return directory
}

test('shows what a fix changes, and changes nothing itself', TIMEOUT, async () => {
  const directory = projectDirectory()
  const old = readFileSync(pipelinePath('kept-totals'), 'utf8')
  writeFileSync(join(directory, 'old.ts'), old)
  writeFileSync(
    join(directory, 'fixed.ts'),
    old.replace("line.split(' ')", "line.toLowerCase().split(' ')"),
  )
  await millrace(directory, 'run', 'old.ts', ...RUN)
  writeFileSync(join(directory, 'in', 'b.txt'), 'TO be\n')
  await millrace(directory, 'run', 'old.ts', ...RUN)
  const [state, out] = [hashOf(join(directory, 'state')), hashOf(join(directory, 'out'))]

  const same = await millrace(directory, 'replay', 'old.ts', ...REPLAY)
  expect(same).toMatchObject({ exitCode: 0, stderr: '' })
  expect(same.stdout).toMatch(/\d batches ran again, .*, 2 records\. Nothing differs\./)
  expect(same.stdout).toContain('print-1: not compared, nothing keeps what it gave')

  const fixed = await millrace(directory, 'replay', 'fixed.ts', ...REPLAY)
  expect(fixed).toMatchObject({ exitCode: 8, stderr: '' })
  expect(fixed.stdout).toContain('saveAsTextFiles-1: 1 changed, 1 only before, 1 the same')
  expect(fixed.stdout).toContain('    ~ (to,1)  ->  (to,2)\n    - (TO,1)\n')

  const json = await millrace(
    directory,
    'replay',
    'fixed.ts',
    ...REPLAY,
    '--against',
    'old.ts',
    '--json',
  )
  expect(json.exitCode).toBe(8)
  const lines = json.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  const changed = [{ key: 'to', before: '(to,1)', after: '(to,2)' }]
  // Between the two runs, there may be a batch without input.
  expect(lines.slice(-2)).toMatchObject([
    { event: 'batch', outputs: [{ changed, onlyBefore: ['(TO,1)'], same: 1 }, { changed }] },
    { event: 'end', different: 1, compared: ['saveAsTextFiles-1', 'print-1'] },
  ])

  expect([hashOf(join(directory, 'state')), hashOf(join(directory, 'out'))]).toEqual([state, out])
})

test('--into keeps a copy that other commands open, and that goes on', TIMEOUT, async () => {
  const directory = projectDirectory()
  const module = pipelinePath('kept-totals')
  await millrace(directory, 'run', module, ...RUN)
  const into = await millrace(directory, 'replay', module, ...REPLAY, '--into', 'copy')
  expect(into).toMatchObject({ exitCode: 0, stderr: '' })
  expect(into.stdout).toContain('The copy is in copy: --state copy')
  const copied = await millrace(
    directory,
    'state',
    'get',
    'totals',
    'to',
    '--state',
    'copy',
    '--json',
  )
  expect(JSON.parse(copied.stdout)).toMatchObject({ value: 1 })
  const batches = await millrace(directory, 'batches', '--state', 'copy', '--json')
  expect(batches.stdout.trim().split('\n')).toHaveLength(1)
  const written = readdirSync(join(directory, 'copy', 'outputs', 'results'))
  expect(written.toSorted()).toEqual(readdirSync(join(directory, 'out')).toSorted())
  const again = await millrace(directory, 'replay', module, ...REPLAY, '--into', 'copy')
  expect(again).toMatchObject({ exitCode: 5 })
  expect(again.stderr).toContain('There is a store in this directory already')
  // The copy goes on with what is new.
  writeFileSync(join(directory, 'in', 'c.txt'), 'to\n')
  const going = await millrace(
    directory,
    'run',
    module,
    '--state',
    'copy',
    '--once',
    '--bind',
    'lines=in',
    '--bind',
    'results=copy/outputs/results',
  )
  expect(going.stdout).toContain('(to,2)')
})

test.each([
  [['--from', 'yesterday'], '--from must be a time'],
  [[], '--from must be a time'],
  [['--from', '1h', '--limit', 'all'], '--limit must be a number of records'],
  [['--from', '1h', '--state', 'a', '--app', 'b'], 'millrace replay reads one application'],
  [['--from', '1h', '--into', 'a', '--into-app', 'b'], 'millrace replay keeps one copy'],
  [['--from', '1h', '--into-app', 'a b'], '64 letters'],
])('refuses %j', TIMEOUT, async (args, message) => {
  const { exitCode, stderr } = await millrace(directoryWith({}), 'replay', 'a.ts', ...args)
  expect(exitCode).toBe(2)
  expect(stderr).toContain(message)
})

test('says what is missing, and what to do', TIMEOUT, async () => {
  const directory = projectDirectory()
  const plain = readFileSync(pipelinePath('kept-totals'), 'utf8').replace(
    ', keepForReplay: hours(1)',
    '',
  )
  writeFileSync(join(directory, 'plain.ts'), plain)
  await millrace(directory, 'run', 'plain.ts', ...RUN)
  const nothing = await millrace(directory, 'replay', 'plain.ts', ...REPLAY)
  expect(nothing.exitCode).toBe(2)
  expect(nothing.stderr).toContain('set keepForReplay: hours(24) in the options of stream()')
})
