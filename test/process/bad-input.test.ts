import { createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type Ended,
  eventsIn,
  millrace,
  pipelinePath,
  startMillrace,
  temporaryDirectory,
} from './millrace.ts'

// Every kind of bad input, given to the command line as a process. Checked: the exit code, the
// error // code, and a message with the problem, the value, what is allowed and the fix.

const words = pipelinePath('word-totals')
const bound = ['--bind', 'lines=in', '--bind', 'results=out', '--state', 'state']

/** A directory with files, and with a subdirectory `in`. */
const directoryWith = (files: Readonly<Record<string, string | Uint8Array>> = {}): string => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'in'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), content)
  }
  return directory
}

interface Row {
  readonly what: string
  readonly files?: Readonly<Record<string, string>>
  /** Arguments of a command that runs first, to its end. */
  readonly before?: readonly string[]
  readonly args: readonly string[]
  readonly exitCode: number
  readonly code: string
  /** What the message must contain: the value, what is allowed, the fix. */
  readonly says: readonly string[]
}

const rows: readonly Row[] = [
  {
    what: 'an unknown command',
    args: ['walk'],
    exitCode: 2,
    code: 'USAGE',
    says: ['"walk"', 'run, status', 'millrace --help'],
  },
  {
    what: 'an unknown option',
    args: ['run', words, '--onec'],
    exitCode: 2,
    code: 'USAGE',
    says: ["'--onec'", '--once', 'millrace --help'],
  },
  {
    what: 'an option of another command',
    args: ['run', words, '--yes'],
    exitCode: 2,
    code: 'USAGE',
    says: ['"--yes"', '--bind NAME=URI', 'millrace help run'],
  },
  {
    what: 'an option without its value',
    args: ['run', words, '--state'],
    exitCode: 2,
    code: 'USAGE',
    says: ['--state', 'millrace --help'],
  },
  {
    what: 'no module',
    args: ['run'],
    exitCode: 2,
    code: 'USAGE',
    says: ['needs a module', 'millrace run word-count.ts'],
  },
  {
    what: 'two modules',
    args: ['run', words, words],
    exitCode: 2,
    code: 'USAGE',
    says: ['one module'],
  },
  {
    what: 'no store',
    args: ['status'],
    exitCode: 2,
    code: 'USAGE',
    says: ['--state DIR', 'millrace status --state'],
  },
  {
    what: 'two applications at once',
    args: ['status', '--state', 'state', '--app', 'clicks'],
    exitCode: 2,
    code: 'USAGE',
    says: ['one application', '--state state --app clicks', '--app NAME'],
  },
  {
    what: 'an invalid name of an application',
    args: ['status', '--app', 'a b'],
    exitCode: 2,
    code: 'USAGE',
    says: ['"a b"', '64 letters'],
  },
  {
    what: '--since that is neither a time nor an age',
    args: ['redrive', '--state', 's', '--since', 'soon'],
    exitCode: 2,
    code: 'USAGE',
    says: ['--since must be a time', '"soon"', '12h'],
  },
  {
    what: 'a limit of 0',
    args: ['dead-letters', '--app', 'a', '--limit', '0'],
    exitCode: 2,
    code: 'USAGE',
    says: ['"0"', 'from 1'],
  },
  {
    what: '--again for a command that redrives nothing',
    args: ['dead-letters', '--app', 'a', '--again'],
    exitCode: 2,
    code: 'USAGE',
    says: ['--again'],
  },
  {
    what: 'a deployed reset without --yes',
    args: ['reset', '--app', 'clicks'],
    exitCode: 2,
    code: 'USAGE',
    says: ['"clicks"', '--app clicks --yes'],
  },
  {
    what: 'reset without --yes',
    args: ['reset', '--state', 'state'],
    exitCode: 2,
    code: 'USAGE',
    says: ['"state"', '--yes'],
  },
  {
    what: 'an unknown binding',
    args: ['run', words, '--bind', 'lnies=in'],
    exitCode: 2,
    code: 'BINDING_UNKNOWN',
    says: ['"lnies"', 'lines, results', '--bind lines=./in'],
  },
  {
    what: 'a malformed binding',
    args: ['run', words, '--bind', 'in'],
    exitCode: 2,
    code: 'BINDING_INVALID',
    says: ['"in"', 'NAME=URI', '--bind lines=./in'],
  },
  {
    what: 'a malformed URI',
    args: ['run', words, '--bind', 'lines=socket://9999'],
    exitCode: 2,
    code: 'BINDING_INVALID',
    says: ['"socket://9999"', 'socket://HOST:PORT', 'socket://localhost:9999'],
  },
  {
    what: 'an unknown kind of URI',
    args: ['run', words, '--bind', 'lines=ftp://x/'],
    exitCode: 2,
    code: 'BINDING_INVALID',
    says: ['"ftp://x/"', './in'],
  },
  {
    what: 'a bucket without a binding',
    args: ['run', words, '--bind', 'lines=in'],
    exitCode: 2,
    code: 'BINDING_MISSING',
    says: ['s3://results/', '--bind results=./directory'],
  },
  {
    what: 'a missing directory',
    args: ['run', words, ...bound, '--bind', 'lines=nowhere'],
    exitCode: 2,
    code: 'DIRECTORY_MISSING',
    says: ['"nowhere"', 'a directory', '--bind lines=./directory'],
  },
  {
    what: 'a file for a directory',
    files: { file: '' },
    args: ['run', words, ...bound, '--bind', 'lines=file'],
    exitCode: 2,
    code: 'DIRECTORY_MISSING',
    says: ['"file"'],
  },
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
    says: ['updateStateByKey-1', '.named()', 'millrace reset'],
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
      'state/store.sqlite': 'these are no items, but more bytes than any header has: '.repeat(100),
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
]

describe('the command line says what is wrong', () => {
  test.each(rows)(
    '$what',
    { timeout: 60_000 },
    async ({ files, before, args, exitCode, code, says }) => {
      const directory = directoryWith(files)
      if (before !== undefined)
        expect(await millrace(directory, ...before)).toMatchObject({ exitCode: 0 })
      const ended = await millrace(directory, ...args)
      expect(ended.stderr).toContain(code)
      expect(ended.exitCode).toBe(exitCode)
      for (const text of says) expect(ended.stderr).toContain(text)
      // No stack of Node's own modules.
      expect(ended.stderr).not.toMatch(/^\s+at .*\(?node:internal/m)
    },
  )
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
      expect(stderr).toContain('stop the other one')
    }
    expect(await millrace(directory, 'status', '--state', 'state')).toMatchObject({ exitCode: 0 })
    expect(await first.signal('SIGTERM')).toMatchObject({ exitCode: 0, stderr: '' })
  },
)

describe('bad records', () => {
  const picky = ['run', pipelinePath('picky'), '--once', ...bound]
  const saved = (directory: string): readonly string[] =>
    readdirSync(join(directory, 'out')).flatMap((name) =>
      readFileSync(join(directory, 'out', name, 'part-00000'), 'utf8')
        .split('\n')
        .slice(0, -1),
    )
  const deadLettersOf = async (directory: string): Promise<unknown> =>
    (
      JSON.parse((await millrace(directory, 'status', '--state', 'state', '--json')).stdout) as {
        readonly deadLetters: unknown
      }
    ).deadLetters

  test(
    'puts aside a line that is not UTF-8, and a record on which a function throws',
    { timeout: 60_000 },
    async () => {
      const directory = directoryWith({
        'in/a.txt': Buffer.from('good\ncaf\xe9\nbad one\nlast\n', 'latin1'),
      })
      const ended = await millrace(directory, ...picky)
      expect(ended.exitCode).toBe(0)
      expect(saved(directory)).toEqual(['4 good', '4 last'])
      expect(ended.stderr).toContain('lines a.txt@5: The line is not valid UTF-8 [LINE_NOT_UTF8]')
      expect(ended.stderr).toContain(
        'lines a.txt#2: TypeError: not this one: bad one [USER_FUNCTION_FAILED]',
      )
      expect(ended.stdout).toContain('2 dead letters')
      expect(await deadLettersOf(directory)).toMatchObject({
        count: 2,
        byCode: { LINE_NOT_UTF8: 1, USER_FUNCTION_FAILED: 1 },
        some: [{ at: 'textFileStream-1#a.txt#2' }, { at: 'textFileStream-1#a.txt@5' }],
      })
    },
  )

  test('many bad records fail the batch, and none is put aside', { timeout: 60_000 }, async () => {
    const directory = directoryWith({ 'in/a.txt': 'bad\n'.repeat(100) })
    const ended = await millrace(directory, ...picky)
    expect(ended).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('POISON_BREAKER') as string,
    })
    expect(await deadLettersOf(directory)).toMatchObject({ count: 0 })
  })

  const LONG_BYTES = 100 * 1024 * 1024
  const memoryOf = ({ stdout }: Ended): number =>
    Math.max(...[...stdout.matchAll(/memory (\d+) KiB/g)].map(([, kib]) => Number(kib) * 1024))

  test(
    'a line of 100 MB in a file is put aside, within a few times its size of memory',
    { timeout: 60_000 },
    async () => {
      const directory = directoryWith()
      const file = createWriteStream(join(directory, 'in', 'long.txt'))
      for (let written = 0; written < LONG_BYTES; written += 1024 * 1024)
        file.write(Buffer.alloc(1024 * 1024, 'x'))
      file.end('\nafter\n')
      await once(file, 'close')
      const ended = await millrace(
        directory,
        'run',
        pipelinePath('memory'),
        '--once',
        '--bind',
        'lines=in',
        '--state',
        'state',
      )
      expect(ended.exitCode).toBe(0)
      expect(ended.stderr).toContain(
        `lines long.txt@0: The line has ${LONG_BYTES} bytes, which is over the limit ` +
          '[LINE_TOO_LONG]',
      )
      expect(ended.stdout).toContain('\nafter\n')
      expect(memoryOf(ended)).toBeLessThan(3.5 * LONG_BYTES)
    },
  )

  test(
    'a line of 100 MB from a socket is put aside while it arrives',
    { timeout: 60_000 },
    async () => {
      const directory = directoryWith()
      const server = createServer((socket) => {
        socket.on('error', () => undefined)
        socket.write('before\n')
        for (let written = 0; written < LONG_BYTES; written += 1024 * 1024)
          socket.write(Buffer.alloc(1024 * 1024, 'x'))
        socket.end('\nafter\n')
      })
      onTestFinished(() => void server.close())
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const ended = await millrace(
        directory,
        'run',
        pipelinePath('memory'),
        '--once',
        '--bind',
        `lines=socket://127.0.0.1:${port}`,
        '--state',
        'state',
      )
      expect(ended.exitCode).toBe(0)
      expect(ended.stderr).toContain(
`lines receiver#2: The line has ${LONG_BYTES} bytes, which is over the limit ` +
          '[LINE_TOO_LONG]',
      )
      expect(ended.stdout).toContain('\nafter\n')
      expect(memoryOf(ended)).toBeLessThan(3 * LONG_BYTES)
    },
  )
})

test('keys of every kind count, also after a restart', { timeout: 60_000 }, async () => {
  const directory = directoryWith({
    'in/a': 'plain\nproto\nconstructor\narray\nlone\nother\nempty\n',
  })
  const run = [
    'run',
    pipelinePath('odd-keys'),
    '--once',
    '--bind',
    'lines=in',
    '--state',
    'state',
    '--json',
  ]
  await millrace(directory, ...run)
  writeFileSync(join(directory, 'in', 'b'), 'proto\narray\nlone\nlone\n')
  const { exitCode, stdout } = await millrace(directory, ...run)
  expect(exitCode).toBe(0)
  const printed = eventsIn(stdout).findLast(({ event }) => event === 'print')?.['text'] as string
  const lines = printed.split('\n').filter((line) => line.startsWith('['))
  expect(lines.toSorted()).toEqual([
    String.raw`["",1]`,
    String.raw`["\ud800",3]`,
    String.raw`["\ud801",1]`,
    String.raw`["__proto__",2]`,
    String.raw`["constructor",1]`,
    String.raw`["plain",1]`,
    String.raw`[["a",1],2]`,
  ])
})
