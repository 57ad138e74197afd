/** A run on several threads: the same results, whatever becomes of the threads. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Ended, eventsIn, pipelinePath, startMillrace } from './millrace.ts'
import { directoryWith } from './refusals.ts'
import { linesIn } from './results.ts'

const TIMEOUT = { timeout: 90_000 }

/** Enough for five tasks. Every 100,000th line is bad. */
const TEXT = Array.from({ length: 400_000 }, (_, index) =>
  index % 100_000 === 99_999 ? 'bad line' : `word${index % 1_000} ${'x'.repeat(90 + (index % 7))}`,
).join('\n')

interface Seen {
  readonly results: readonly string[]
  readonly records: unknown
  readonly deadLetters: number
  readonly warnings: readonly unknown[]
  /** Who has loaded the module. */
  readonly loaded: readonly string[]
}

const run = async (parallelism: number, trouble?: string): Promise<Seen> => {
  const directory = withModule(TEXT)
  const bound = ['--bind', 'lines=in', '--bind', 'results=out', '--state', 's']
  const more = ['--once', '--json', '--parallelism', String(parallelism)]
  const { exitCode, stdout, stderr } = await inDirectory(directory, trouble, [...bound, ...more])
  expect([exitCode, stderr]).toEqual([0, ''])
  const events = eventsIn(stdout)
  const of = (event: string) => events.filter((one) => one.event === event)
  return {
    results: linesIn(join(directory, 'out')),
    records: of('batchCompleted').map(({ records }) => records),
    deadLetters: of('deadLetter').length,
    warnings: of('warning').map(({ code }) => code),
    loaded: readFileSync(join(directory, 'loaded.txt'), 'utf8').trimEnd().split('\n'),
  }
}

/** A copy of the module, with this package installed beside it. */
const withModule = (text: string): string => {
  const directory = directoryWith({ 'in/a.txt': text })
  copyFileSync(pipelinePath('threads'), join(directory, 'threads.ts'))
  mkdirSync(join(directory, 'node_modules'))
  symlinkSync(join(import.meta.dirname, '..', '..'), join(directory, 'node_modules', 'millrace'))
  return directory
}

const inDirectory = (
  directory: string,
  trouble: string | undefined,
  args: readonly string[],
): Promise<Ended> => {
  if (trouble === undefined) delete process.env['TROUBLE']
  else process.env['TROUBLE'] = trouble
  return startMillrace(directory, 'run', 'threads.ts', ...args).ended
}

let first: Promise<Seen> | undefined
/** What one thread gives. It runs once, in the first test. */
const aloneOnce = (): Promise<Seen> => (first ??= run(1))

test('one thread gives what it always gave', TIMEOUT, async () => {
  const alone = await aloneOnce()
  expect(alone.results).toHaveLength(1_000)
  expect(alone).toMatchObject({
    records: [400_000],
    deadLetters: 4,
    warnings: [],
    loaded: ['main'],
  })
})

test.each([2, 3])('%i threads give the same, to the last bit', TIMEOUT, async (parallelism) => {
  const alone = await aloneOnce()
  const { loaded, ...seen } = await run(parallelism)
  expect({ ...seen, loaded: ['main'] }).toEqual(alone)
  expect(loaded).toHaveLength(parallelism)
})

test.each([
  { trouble: 'ends', warning: 'EXECUTOR_LOST' },
  { trouble: 'does not load', warning: 'EXECUTOR_LOST' },
  { trouble: 'changes', warning: 'EXECUTOR_REFUSED' },
])('a thread that $trouble changes nothing, and is said', TIMEOUT, async ({ trouble, warning }) => {
  const alone = await aloneOnce()
  const { results, records, deadLetters, warnings } = await run(2, trouble)
  expect({ results, records, deadLetters }).toEqual({
    results: alone.results,
    records: alone.records,
    deadLetters: alone.deadLetters,
  })
  expect(new Set(warnings)).toEqual(new Set([warning]))
})

test(
  'a thread that hangs delays the batch, and does not keep it from ending',
  TIMEOUT,
  async () => {
    const alone = await aloneOnce()
    const { results } = await run(2, 'hangs')
    expect(results).toEqual(alone.results)
  },
)

test('a small batch starts no thread', TIMEOUT, async () => {
  const directory = withModule('word 1\n')
  const bound = ['--bind', 'lines=in', '--bind', 'results=out', '--state', 's', '--once']
  expect(await inDirectory(directory, undefined, [...bound, '--parallelism', '4'])).toMatchObject({
    exitCode: 0,
  })
  expect(readFileSync(join(directory, 'loaded.txt'), 'utf8')).toBe('main\n')
  expect(existsSync(join(directory, 'out'))).toBe(true)
})
