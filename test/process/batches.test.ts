/** `millrace batches`: the table, its JSON, and new rows as they come. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { millrace, pipelinePath, startMillrace } from './millrace.ts'
import { directoryWith } from './refusals.ts'

const TIMEOUT = { timeout: 60_000 }
const example = join(import.meta.dirname, '..', '..', 'examples', 'word-count.ts')
const BATCHES = ['batches', '--state', 'state']

test('shows what batches took, as a table and as JSON', TIMEOUT, async () => {
  const directory = directoryWith({ 'in/a.txt': 'to be\nor not\n' })
  await millrace(directory, 'run', example, '--bind', 'lines=in', '--state', 'state', '--once')
  const table = await millrace(directory, ...BATCHES)
  expect(table).toMatchObject({ exitCode: 0, stderr: '' })
  const [header, row] = table.stdout.split('\n')
  expect(header).toMatch(/^batch time +status +records +sched\. delay +processing +total +attempts/)
  expect(row).toMatch(/^\d{4}-\d\d-\d\d [\d:.]+Z +completed +2 +\d+ ms +[\d.]+ m?s/)
  const json = await millrace(directory, ...BATCHES, '--json')
  expect(JSON.parse(json.stdout.split('\n')[0] ?? '')).toMatchObject({
    status: 'completed',
    records: 2,
    schedulingDelayMs: 0,
    sources: [{ records: 2, names: ['a.txt'] }],
  })
})

test('shows why a batch failed, at the line of the user', TIMEOUT, async () => {
  const directory = directoryWith({ 'in/a.txt': 'one\n' })
  const run = ['run', pipelinePath('failing'), '--bind', 'lines=in', '--state', 'state']
  await millrace(directory, ...run, '--once')
  const { stdout } = await millrace(directory, ...BATCHES)
  expect(stdout).toMatch(/ (failed|FAILED) .*foreachRDD threw .*at .*failing\.ts:\d+/)
})

test('--watch goes on with the batches that come', TIMEOUT, async () => {
  const directory = directoryWith({ 'in/a.txt': 'one\n' })
  const run = ['run', example, '--bind', 'lines=in', '--state', 'state', '--once']
  await millrace(directory, ...run)
  const watching = startMillrace(directory, ...BATCHES, '--watch', '--json', '--limit', '1')
  await watching.until((text) => text.split('\n').length > 1)
  spawnSync('sh', ['-c', 'printf "two\\n" > in/b.txt'], { cwd: directory })
  await millrace(directory, ...run)
  await watching.until((text) => text.split('\n').length > 2)
  await watching.signal('SIGTERM')
})

test.each([
  [['--since', 'yesterday'], '--since must be a time'],
  [['--limit', '0'], '--limit must be a number of batches'],
  [['--limit', 'many'], '--limit must be a number of batches'],
])('refuses %j', async (args, message) => {
  const { exitCode, stderr } = await millrace(directoryWith({}), ...BATCHES, ...args)
  expect(exitCode).toBe(2)
  expect(stderr).toContain(message)
})

test('says that nothing has run', TIMEOUT, async () => {
  const directory = directoryWith({ 'in/a.txt': 'one\n' })
  await millrace(directory, 'run', example, '--bind', 'lines=in', '--state', 'state', '--once')
  const { stdout } = await millrace(directory, ...BATCHES, '--since', '2200-01-01')
  expect(stdout).toMatch(/has run no batch since 2200-01-01/)
})
