/** What a function of a pipeline throws is told with the line that threw, and the operator. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../tidy/source.ts'
import { type Ended, millrace } from './millrace.ts'
import { directoryWith } from './refusals.ts'

/** The operators stand in line 7, and what they throw in line 2. */
const pipeline = (body: string): string => `import { seconds, StateSpec, stream } from 'millrace'
const fail = (..._: unknown[]): never => { throw new TypeError('too much') }
export const used = [seconds, StateSpec]
const retry = { attempts: 1, for: seconds(1) }
export default stream('places', { batchInterval: seconds(1), retry }, (ssc) => {
  const lines = ssc.textFileStream('lines', { existing: 'all' })
  const pairs = lines.map((line) => [line, 1]); ${body}
})
`

interface Case {
  readonly body: string
  /** The operator as it is named. */
  readonly operator: string
}

const cases: readonly Case[] = [
  { body: 'pairs.foreachRDD(fail)', operator: 'foreachRDD-1' },
  { body: 'pairs.foreachRDD(async () => fail())', operator: 'foreachRDD-1' },
  { body: 'pairs.transform(fail).print()', operator: 'transform-1' },
  { body: 'pairs.updateStateByKey<number>(fail).print()', operator: 'updateStateByKey-1' },
  {
    body: `pairs.updateStateByKey<number>(fail).named('totals').print()`,
    operator: 'updateStateByKey "totals"',
  },
  { body: 'pairs.mapWithState(StateSpec.function(fail)).print()', operator: 'mapWithState-1' },
  {
    body: 'pairs.reduceByKey((a, b) => a + b).map(fail).print()',
    operator: 'map-2',
  },
]

const projectWith = (body: string): string => {
  const directory = directoryWith({
    'in/a.txt': 'x\nx\ny\n',
    'places.ts': pipeline(body),
    'package.json': '{ "type": "module" }',
  })
  mkdirSync(join(directory, 'node_modules'))
  symlinkSync(root, join(directory, 'node_modules', 'millrace'))
  return directory
}

const run = async (body: string, directory = projectWith(body)): Promise<Ended> =>
  millrace(directory, 'run', 'places.ts', '--once', '--bind', 'lines=in')

describe('a batch that fails', () => {
  test.each(cases)('$body', async ({ body, operator }) => {
    const { exitCode, stderr } = await run(body)
    expect([exitCode, stderr]).toEqual([3, stderr])
    expect(stderr).toMatch(/because: TypeError: too much\n +at places\.ts:2:\d+\n/)
    expect(stderr).toMatch(new RegExp(`in: +${operator}, declared at places\\.ts:7:\\d+\n`))
  })
})

describe('a record that is put aside', () => {
  test.each([
    ['lines.map(fail).print()', 'map-2'],
    ['lines.filter(fail).print()', 'filter-1'],
    ['lines.flatMap(fail).print()', 'flatMap-1'],
    ['lines.flatMap(function* () { fail() }).print()', 'flatMap-1'],
  ])('%s', async (body, operator) => {
    const { exitCode, stderr } = await run(body)
    expect([exitCode, stderr]).toEqual([6, stderr])
    expect(stderr).toMatch(new RegExp(`too much .*\n +at places\\.ts:2:\\d+, in ${operator}\n`))
  })

  test('is shown with its stack and where its operator is', async () => {
    const directory = projectWith('lines.map(fail).print()')
    await run('', directory)
    const state = ['--state', '.millrace/places']
    const { stdout } = await millrace(directory, 'dead-letters', ...state)
    expect(stdout).toMatch(/ in map-2, declared at places\.ts:7:\d+\n/)
    expect(stdout).toMatch(/TypeError: too much\n +at fail \(places\.ts:2:\d+\)\n/)
    const json = await millrace(directory, 'dead-letters', ...state, '--json')
    const [line = ''] = json.stdout.split('\n')
    expect(JSON.parse(line)).toMatchObject({
      operator: 'map-2',
      declaredAt: join(directory, 'places.ts:7:55'),
      stack: [expect.stringMatching(/^at fail \(.*places\.ts:2:\d+\)$/)],
    })
  })
})

test('a call that the pipeline refuses is told with its line', async () => {
  const { exitCode, stderr } = await run('lines.window(30 as never).print()')
  expect(exitCode).toBe(2)
  expect(stderr).toMatch(/\n +at: +places\.ts:7:\d+\n/)
})
