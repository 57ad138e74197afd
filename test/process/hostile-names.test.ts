import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Ended, millrace, pipelinePath } from './millrace.ts'
import { directoryWith } from './refusals.ts'

const ATTACK = '\u001b]0;title\u0007\u001b[2J\u009b31m\u202e\u007f'
/** The same without what would be a pattern in a path. */
const PATH_ATTACK = ATTACK.replaceAll('[', '')
const FAKED = '\nDone: all is well'
const STATE = ['--state', 'state']
const NAME = `a${ATTACK}${FAKED}.txt`

/** No control character, and no line that others have made up. */
const expectSafe = ({ stdout, stderr }: Ended): void => {
  expect(stdout + stderr).not.toMatch(/(?![\n\t])[\p{Cc}\u2028-\u202e\u2066-\u2069]/u)
  expect(stdout + stderr).not.toMatch(/^Done: all is well/m)
}

const run = (directory: string, ...more: readonly string[]): Promise<Ended> =>
  millrace(
    directory,
    'run',
    pipelinePath('hostile'),
    '--once',
    '--bind',
    'lines=in',
    ...STATE,
    ...more,
  )

test.each<readonly [string, readonly string[]]>([
  ['text', []],
  ['JSON', ['--json']],
])(
  'names and records of others are shown without control characters, as %s',
  { timeout: 120_000 },
  async (_, json) => {
    const directory = directoryWith({
      [`in/${NAME}`]: `bad ${ATTACK}\nbad \r${'x'.repeat(200)}\n\u00ff\n`,
      [`in/cut${NAME}.gz`]: Uint8Array.of(0x1f),
    })
    const first = await run(directory, ...json)
    expect(first.exitCode).toBe(0)
    expect(first.stderr + first.stdout).toContain('title')
    expectSafe(first)
    for (const command of ['dead-letters', 'status', 'redrive', 'dead-letters'])
      expectSafe(await millrace(directory, command, ...STATE, ...json))
    expectSafe(await run(directory, ...json))

    writeFileSync(join(directory, 'in', `b${NAME}`), `fail ${ATTACK}${FAKED}\n`)
    const failed = await run(directory, ...(json.length > 0 ? json : ['--json']))
    expect(failed.exitCode).toBe(3)
    expectSafe(failed)
    for (const command of ['status', 'resume', 'skip'])
      expectSafe(await millrace(directory, command, ...STATE, ...json))
  },
)

test.each([
  ['a command', [`st${ATTACK}${FAKED}`]],
  ['an option', ['status', `--st${ATTACK}${FAKED}`]],
  ['a module', ['run', `p${ATTACK}${FAKED}.ts`]],
  ['a store', ['status', '--state', `st${ATTACK}${FAKED}`]],
  ['a binding', ['run', pipelinePath('word-totals'), '--bind', `li${ATTACK}${FAKED}=in`]],
  ['a directory', ['run', pipelinePath('hostile'), '--bind', `lines=in${PATH_ATTACK}${FAKED}`]],
  ['a time', ['dead-letters', '--state', 'state', '--since', `1${ATTACK}${FAKED}`]],
])('%s in an error is shown without control characters', { timeout: 60_000 }, async (_, args) => {
  const ended = await millrace(directoryWith(), ...args)
  expect(ended.exitCode).not.toBe(0)
  expect(ended.stderr).toContain('title')
  expectSafe(ended)
})

test('print() gives a pipe the records unchanged', { timeout: 60_000 }, async () => {
  const directory = directoryWith({ 'in/a.txt': `good ${ATTACK}\n` })
  expect((await run(directory)).stdout).toContain(`good ${ATTACK}\n`)
})
