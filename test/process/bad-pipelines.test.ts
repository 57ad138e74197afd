import { describe, expect, test } from 'vitest'
import { millrace, pipelinePath, startMillrace } from './millrace.ts'
import { bound, directoryWith, testRefusals, words } from './refusals.ts'

// Every kind of bad module, store and output, given to the command line as a process.
// Checked: the exit code, the error code, and a message with the problem, the value, what is
// allowed and the fix.

describe('the command line says what is wrong with a module, a store or an output', () => {
  testRefusals([
    {
      what: 'a pipeline without output',
      args: ['run', pipelinePath('no-output')],
      exitCode: 2,
      code: 'PLAN_NO_OUTPUT',
      says: ['"no-output"', 'print()', 'counts.print()'],
    },
    {
      what: 'a module that does not exist',
      args: ['run', 'nothing.ts'],
      exitCode: 2,
      code: 'MODULE_NOT_FOUND',
      says: ['"nothing.ts"', 'the path of a file', 'check the path'],
    },
    {
      what: 'a directory as a module',
      args: ['run', 'in'],
      exitCode: 2,
      code: 'MODULE_NOT_FOUND',
      says: ['"in"'],
    },
    {
      what: 'no default export',
      files: { 'm.ts': 'export const x = 1\n' },
      args: ['run', 'm.ts'],
      exitCode: 2,
      code: 'MODULE_INVALID',
      says: ['"m.ts"', 'no default export', "export default stream('name'"],
    },
    {
      what: 'another default export',
      files: { 'm.ts': 'export default { batch: 1 }\n' },
      args: ['run', 'm.ts'],
      exitCode: 2,
      code: 'MODULE_INVALID',
      says: ['{"batch":1}', 'export default stream'],
    },
    {
      what: 'TypeScript that does not compile',
      files: { 'm.ts': 'const a: number = 1\nexport default {{\n' },
      args: ['run', 'm.ts'],
      exitCode: 2,
      code: 'MODULE_UNREADABLE',
      says: ['m.ts:2', 'export default {{', 'fix the module'],
    },
    {
      what: 'JavaScript that does not compile',
      files: { 'm.mjs': 'const a = 1\nconst b = = 2\n' },
      args: ['run', 'm.mjs'],
      exitCode: 2,
      code: 'MODULE_UNREADABLE',
      says: ['m.mjs:2', "Unexpected token '='"],
    },
    {
      what: 'TypeScript that Node does not support',
      files: { 'm.ts': 'enum A { b }\nexport default A.b\n' },
      args: ['run', 'm.ts'],
      exitCode: 2,
      code: 'MODULE_UNREADABLE',
      says: ['m.ts:1', 'enum A { b }', 'erasableSyntaxOnly'],
    },
    {
      what: 'a module in a CommonJS package',
      files: {
        'package.json': '{"type":"commonjs"}',
        'm.ts': 'import { seconds } from "millrace"',
      },
      args: ['run', 'm.ts'],
      exitCode: 2,
      code: 'MODULE_UNREADABLE',
      says: ['"type": "module"', 'package.json', '.mts'],
    },
    {
      what: 'a module that throws',
      files: { 'm.mjs': 'const f = () => {\n  throw new RangeError("boo")\n}\nf()\n' },
      args: ['run', 'm.mjs'],
      exitCode: 2,
      code: 'MODULE_UNREADABLE',
      says: ['RangeError: boo', 'm.mjs:2'],
    },
    {
      what: 'a module that imports a missing package',
      files: { 'm.mjs': 'import "nowhere"\n' },
      args: ['run', 'm.mjs'],
      exitCode: 2,
      code: 'MODULE_UNREADABLE',
      says: ["Cannot find package 'nowhere'"],
    },
    {
      what: 'a store of another plan',
      before: ['run', words, ...bound, '--once'],
      files: { 'in/a': 'a\n' },
      args: ['run', pipelinePath('changed-word-totals'), '--bind', 'lines=in', '--state', 'state'],
      exitCode: 5,
      code: 'PLAN_INCOMPATIBLE',
      says: ['updateStateByKey-1', ".named('NAME IN THE STORE')", 'millrace reset'],
    },
    {
      what: 'a store of another pipeline',
      before: ['run', words, ...bound, '--once'],
      args: ['run', pipelinePath('picky'), ...bound],
      exitCode: 5,
      code: 'PLAN_INCOMPATIBLE',
      says: ['"word-totals"', '"picky"', '--state'],
    },
    {
      what: 'a file that is not a store',
      files: {
        'state/store.sqlite': 'these are no items, but more bytes than any header has: '.repeat(
          100,
        ),
      },
      args: ['run', words, ...bound],
      exitCode: 5,
      code: 'STORE_UNREADABLE',
      says: ['state', 'another'],
    },
    {
      what: 'a file for a store',
      files: { state: '' },
      args: ['run', words, ...bound],
      exitCode: 5,
      code: 'STORE_FAILED',
      says: ['"state"', 'a directory'],
    },
    {
      what: 'dead letters of a store that does not exist',
      args: ['dead-letters', '--state', 'nowhere'],
      exitCode: 5,
      code: 'STORE_NOT_FOUND',
      says: ['"nowhere"'],
    },
    {
      what: 'status of a store that does not exist',
      args: ['status', '--state', 'nowhere'],
      exitCode: 5,
      code: 'STORE_NOT_FOUND',
      says: ['"nowhere"', 'run the pipeline once'],
    },
    {
      what: 'nothing to resume',
      before: ['run', words, ...bound, '--once'],
      args: ['resume', '--state', 'state'],
      exitCode: 2,
      code: 'COMMAND_REFUSED',
      says: ['millrace status'],
    },
    {
      what: 'nothing to skip',
      before: ['run', words, ...bound, '--once'],
      args: ['skip', '--state', 'state'],
      exitCode: 2,
      code: 'COMMAND_REFUSED',
      says: ['millrace status'],
    },
    {
      what: 'a batch that fails',
      files: { 'in/a': 'a\n' },
      args: ['run', pipelinePath('failing'), '--once', '--bind', 'lines=in', '--state', 'state'],
      exitCode: 3,
      code: 'USER_FUNCTION_FAILED',
      says: ['foreachRDD', 'connection refused', 'millrace skip'],
    },
    {
      what: 'an output over files that Millrace did not write',
      files: { 'in/a': 'a\n', 'out/lines-1': 'mine' },
      args: [
        'run',
        pipelinePath('picky'),
        '--once',
        '--bind',
        'lines=in',
        '--bind',
        'results=out/lines-1',
        '--state',
        'state',
      ],
      exitCode: 3,
      code: 'OUTPUT_',
      says: ['lines-1'],
    },
  ])
})

test(
  'a second process on the same store is refused, and the first continues',
  { timeout: 60_000 },
  async () => {
    const directory = directoryWith()
    const first = startMillrace(directory, 'run', words, ...bound, '--json')
    await first.untilEvent('started')
    for (const second of [
      ['run', words, ...bound],
      ['skip', '--state', 'state'],
      ['reset', '--state', 'state', '--yes'],
    ]) {
      const { exitCode, stderr } = await millrace(directory, ...second)
      expect({ exitCode, stderr }).toEqual({
        exitCode: 4,
        stderr: expect.stringContaining('STORE_BUSY') as string,
      })
      expect(stderr).toContain('stop the other process')
    }
    expect(await millrace(directory, 'status', '--state', 'state')).toMatchObject({ exitCode: 0 })
    expect(await first.signal('SIGTERM')).toMatchObject({ exitCode: 0, stderr: '' })
  },
)
