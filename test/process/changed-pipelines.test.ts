import { describe, expect, test } from 'vitest'
import { type Ended, millrace, pipelinePath, temporaryDirectory } from './millrace.ts'
import { directoryWith } from './refusals.ts'

const TIMEOUT = { timeout: 60_000 }

/** A directory with a store in which the pipeline `before` has run. */
const started = async (): Promise<string> => {
  const directory = directoryWith({ 'in/a.txt': 'one\ntwo\n' })
  expect(await runOnce(directory, 'before')).toMatchObject({ exitCode: 0 })
  return directory
}

const moduleOf = (name: string): string => pipelinePath(`changed/${name}`)

const runOnce = (directory: string, module: string): Promise<Ended> =>
  millrace(directory, 'run', moduleOf(module), '--bind', 'lines=in', '--state', 'state', '--once')

const check = (directory: string, module: string, ...options: readonly string[]): Promise<Ended> =>
  millrace(directory, 'check', moduleOf(module), '--state', 'state', ...options)

describe('millrace check', () => {
  test.each<[string, number, RegExp]>([
    ['before', 0, /fits counted in state\. The plan is the one that runs/],
    ['more-partitions', 0, /The plan has changed[^]*"totals" has 1 partitions in the store and 3/],
    ['renamed-state', 5, /does not fit counted in state[^]*"totals".*not in the pipeline/],
    ['renamed-source', 5, /"files" reads "lines", which the source "textFileStream-1"/],
  ])(
    'says of %s, with exit code %i, what a run does then',
    TIMEOUT,
    async (module, exitCode, text) => {
      const directory = await started()
      const checked = await check(directory, module)
      expect(checked).toMatchObject({ exitCode, stderr: '' })
      expect(checked.stdout).toMatch(text)
      const { fits, conflicts } = JSON.parse((await check(directory, module, '--json')).stdout) as {
        readonly fits: boolean
        readonly conflicts: readonly string[]
      }
      expect([fits, conflicts.length]).toEqual(exitCode === 0 ? [true, 0] : [false, 1])
      expect(await runOnce(directory, module)).toMatchObject({ exitCode })
    },
  )

  test('needs a module', TIMEOUT, async () => {
    const directory = temporaryDirectory()
    expect(await millrace(directory, 'check', '--state', 'state')).toMatchObject({ exitCode: 2 })
    expect(await check(directory, 'not-there')).toMatchObject({ exitCode: 2 })
  })

  test('says before the first run that there is nothing to compare', TIMEOUT, async () => {
    const directory = temporaryDirectory()
    const checked = await check(directory, 'before')
    expect(checked).toMatchObject({ exitCode: 0, stderr: '' })
    expect(checked.stdout).toMatch(
      /fits: nothing is stored yet.*There is no store in this directory\.\n$/,
    )
    const { fits, conflicts } = JSON.parse((await check(directory, 'before', '--json')).stdout) as {
      readonly fits: boolean
      readonly conflicts: readonly string[]
    }
    expect([fits, conflicts]).toEqual([true, []])
  })
})

describe('what does not fit can be given up, by its id', () => {
  test.each<[string, readonly string[], string]>([
    ['renamed-state', ['reset', '--only', 'totals', '--yes'], 'the state of totals ('],
    ['renamed-source', ['skip', '--source', 'textFileStream-1'], 'is given up'],
  ])('%s, with %j', TIMEOUT, async (module, [command = '', ...options], says) => {
    const directory = await started()
    const given = await millrace(directory, command, ...options, '--state', 'state')
    expect(given).toMatchObject({ exitCode: 0, stderr: '' })
    expect(given.stdout).toContain(says)
    expect(await runOnce(directory, module)).toMatchObject({ exitCode: 0 })
  })
})
