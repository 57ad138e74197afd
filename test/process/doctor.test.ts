/** `millrace doctor`: over a real run, as text and as JSON. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { millrace, pipelinePath } from './millrace.ts'
import { directoryWith } from './refusals.ts'

const TIMEOUT = { timeout: 60_000 }
const example = join(import.meta.dirname, '..', '..', 'examples', 'word-count.ts')
const STATE = ['--state', 'state']

test('has nothing to say of a run that is well, and shows what fits', TIMEOUT, async () => {
  const directory = directoryWith({ 'in/a.txt': 'to be\nor not\n' })
  await millrace(directory, 'run', example, '--bind', 'lines=in', ...STATE, '--once')
  const text = await millrace(directory, 'doctor', ...STATE)
  expect(text).toMatchObject({ exitCode: 0, stderr: '' })
  expect(text.stdout).toMatch(/^word-count in state: too few batches to say much\n/)
  expect(text.stdout).toMatch(/^ {2}interval +a batch takes .*\n {2}parallelism .*one is enough/m)
  const json = await millrace(directory, 'doctor', example, ...STATE, '--json')
  const { findings, settings, ...rest } = JSON.parse(json.stdout) as {
    readonly findings: readonly object[]
    readonly settings: readonly { readonly name: string; readonly text: string }[]
  }
  expect(findings).toEqual([])
  expect(rest).toMatchObject({ app: 'word-count', records: 2 })
  expect(settings.find(({ name }) => name === 'limits')?.text).toMatch(/2 records of 1,000,000/)
})

test('finds records that were put aside, and says so in lines', TIMEOUT, async () => {
  const bad = Array.from({ length: 12 }, () => '\xff\n').join('')
  const directory = directoryWith({ 'in/a.txt': 'to be\n' })
  const { writeFileSync } = await import('node:fs')
  writeFileSync(join(directory, 'in', 'b.txt'), Buffer.from(bad, 'latin1'))
  await millrace(directory, 'run', example, '--bind', 'lines=in', ...STATE, '--once')
  const { stdout, exitCode } = await millrace(directory, 'doctor', ...STATE)
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^word-count in state: 1 problem\n/)
  expect(stdout).toMatch(
    /^problem: DEAD_LETTERS_MANY\n {2}seen {4}12 records of 13 were put aside/m,
  )
  expect(stdout).toContain('millrace dead-letters --state state --code LINE_NOT_UTF8')
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
})

test.each([
  [['doctor'], 'millrace doctor needs an application'],
  [['doctor', 'a.ts', 'b.ts', ...STATE], 'millrace doctor takes one module'],
  [['doctor', ...STATE, '--since', 'soon'], '--since must be a time'],
])('refuses %j', async (args, message) => {
  const { exitCode, stderr } = await millrace(directoryWith({}), ...args)
  expect(exitCode).toBe(2)
  expect(stderr).toContain(message)
})

test('refuses the module of another pipeline', TIMEOUT, async () => {
  const directory = directoryWith({ 'in/a.txt': 'to be\n' })
  await millrace(directory, 'run', example, '--bind', 'lines=in', ...STATE, '--once')
  const { exitCode, stderr } = await millrace(
    directory,
    'doctor',
    pipelinePath('failing'),
    ...STATE,
  )
  expect(exitCode).toBe(2)
  expect(stderr).toContain('the module of "word-count"')
})
