/**
 * What holds for every command: with --json it prints JSON and nothing else on the standard output,
 * and it ends in silence when nobody reads that any more, as in `| head -1`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS } from '../../cli/arguments.ts'
import { madeOnce } from './made-once.ts'
import { type Ended, millrace, pipelinePath, startMillrace } from './millrace.ts'

const STATE = ['--state', 'state']
const LINES = ['--bind', 'lines=in']
const BOUND = [...LINES, '--bind', 'results=out']
const troubled = pipelinePath('troubled')
const example = join(import.meta.dirname, '..', '..', 'examples', 'word-count.ts')

/** A store with a state, some batches, two dead letters, and a batch that has failed for good. */
const afterTrouble = madeOnce(async (directory) => {
  mkdirSync(join(directory, 'in'))
  const run = ['run', troubled, ...BOUND, ...STATE]
  writeFileSync(join(directory, 'in', 'a.txt'), 'good\nbad one\nbad two\n')
  expect(await millrace(directory, ...run, '--once')).toMatchObject({ exitCode: 0 })
  writeFileSync(join(directory, 'in', 'b.txt'), 'fatal\n')
  expect(await millrace(directory, ...run)).toMatchObject({ exitCode: 3 })
})

interface CommandLine {
  readonly args: readonly [command: string, ...rest: string[]]
  /** Default: 0. */
  readonly exitCode?: number
  /** What it says on the standard error. */
  readonly says?: RegExp
  /** Only a signal ends it. */
  readonly goesOn?: true
}

const COMMAND_LINES: readonly CommandLine[] = [
  { args: ['init', 'project'] },
  { args: ['run', example, ...LINES, '--state', 'other', '--once'] },
  { args: ['dev', troubled, ...BOUND], goesOn: true },
  // What it feeds is on AWS. So it is seen here when it cannot begin.
  { args: ['receive', 'nowhere.ts', '--app', 'clicks'], exitCode: 2 },
  { args: ['ui', ...STATE], goesOn: true },
  { args: ['status', ...STATE] },
  { args: ['batches', ...STATE] },
  { args: ['batches', '--watch', ...STATE], goesOn: true },
  { args: ['doctor', troubled, ...STATE] },
  { args: ['cost', ...STATE] },
  { args: ['state', ...STATE] },
  { args: ['state', 'get', 'totals', 'good', ...STATE], says: /^after the batch of .*\n$/ },
  { args: ['state', 'export', 'totals', ...STATE] },
  { args: ['resume', ...STATE] },
  { args: ['skip', ...STATE] },
  { args: ['check', troubled, ...STATE] },
  { args: ['plan', troubled] },
  { args: ['replay', troubled, '--from', '1h', ...BOUND, ...STATE] },
  { args: ['reset', '--yes', ...STATE] },
  { args: ['dead-letters', ...STATE] },
  { args: ['dead-letters', '--json', ...STATE] },
  { args: ['redrive', ...STATE] },
  { args: ['completion', 'bash'] },
  { args: ['help'] },
]

test('the table has every command', () =>
  expect(Object.keys(COMMANDS).filter((name) => !isTried(name))).toEqual([]))

const isTried = (name: string): boolean => COMMAND_LINES.some(({ args }) => args[0] === name)

const asJson = async ({ args, goesOn }: CommandLine): Promise<Ended> => {
  const options = args.includes('--json') ? [] : ['--json']
  const command = startMillrace(await afterTrouble(), ...args, ...options)
  if (goesOn === undefined) return command.ended
  await command.until((stdout) => stdout.includes('\n'))
  return command.signal('SIGINT')
}

const withoutReader = async ({ args }: CommandLine): Promise<Ended> => {
  const command = startMillrace(await afterTrouble(), ...args)
  command.child.stdout?.destroy()
  return command.ended
}

const STACK = /^ +at .*node:|This is a bug in Millrace/m

test.each(COMMAND_LINES)('$args', async (line) => {
  const { args, exitCode = 0, says = /^$/ } = line
  const hasJson = COMMANDS[args[0]]?.includes('json') === true
  const [json, silent] = await Promise.all([
    hasJson ? asJson(line) : undefined,
    withoutReader(line),
  ])
  expect(silent.exitCode, silent.stderr).toBe(exitCode)
  expect(silent.stderr).not.toMatch(STACK)
  if (exitCode === 0) expect(silent.stderr).toMatch(says)
  if (json === undefined) return
  if (line.goesOn === undefined) expect(json.exitCode, json.stderr).toBe(exitCode)
  expect(json.stderr).not.toMatch(STACK)
  const lines = json.stdout.split('\n')
  expect(lines.pop()).toBe('')
  for (const text of lines) expect(JSON.parse(text)).toBeTypeOf('object')
  expect(lines.length > 0).toBe(exitCode === 0)
})
