/** The files of a new project. A test packs Millrace, makes a project of them, and runs it. */

const pipeline = `import { seconds, stream } from 'millrace'

export default stream('word-counts', { batchInterval: seconds(2) }, (ssc) => {
  const lines = ssc.textFileStream('lines', { existing: 'all' })
  const words = lines.flatMap((line) => line.toLowerCase().match(/\\p{L}+/gu) ?? [])
  const ones = words.mapToPair((word) => [word, 1])

  // How often each word came in the last 30 seconds.
  const add = (a: number, b: number): number => a + b
  ones.reduceByKeyAndWindow(add, seconds(30), seconds(2)).print('in the last 30 seconds')

  // How often it came since the pipeline first ran: kept in .millrace/, whatever stops the process.
  const totals = ones
    .updateStateByKey<number>((counts, total = 0) => counts.reduce(add, total))
    .named('totals')
  totals.print('so far', { onlyChanges: true })
})
`

const test = `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seconds } from 'millrace'
import { testStream } from 'millrace/testing'

import wordCounts from './pipeline.ts'

test('words leave the window, and totals stay', async () => {
  const app = await testStream(wordCounts)
  app.input('lines').addFile('a.txt', 'to be or not to be\\n')
  await app.advance(seconds(2))
  assert.deepEqual(app.output('print-1').elements, [
    [
      ['be', 2],
      ['not', 1],
      ['or', 1],
      ['to', 2],
    ],
  ])

  await app.advance(seconds(60))
  assert.deepEqual(app.output('print-1').elements.at(-1), [])
  assert.deepEqual(Object.fromEntries(await app.state('totals')), { be: 2, not: 1, or: 1, to: 2 })
})
`

const tsconfig = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
  },
  include: ['*.ts'],
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`

/** The text of each file, by its path, except for package.json. */
export const projectFiles: Readonly<Record<string, string>> = {
  'pipeline.ts': pipeline,
  'pipeline.test.ts': test,
  'tsconfig.json': json(tsconfig),
  'lines/first.txt': 'the mill turns in the race\nthe race turns the mill\n',
  '.gitignore': 'node_modules/\n.millrace/\nout/\n',
}

/** Scripts of the project. */
const scripts = {
  start: 'millrace run pipeline.ts --bind lines=./lines',
  test: 'node --test',
  check: 'tsc',
}

type Json = Readonly<Record<string, unknown>>

const recordOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null ? (value as Json) : {}

/** What `npm init` writes as the script of tests. */
const NO_TESTS = /no test specified/

/**
 * The package.json of the project, with what a given one lacks. A package that says otherwise
 * becomes a package of ES modules: a pipeline imports.
 */
export const packageJson = (given: Json, name: string, version: string): string => {
  const theirs = Object.entries(recordOf(given['scripts'])).filter(
    ([, script]) => !NO_TESTS.test(String(script)),
  )
  const isNamed = ['dependencies', 'devDependencies'].some(
    (group) => 'millrace' in recordOf(given[group]),
  )
  const { main: _, ...kept } = given
  return json({
    name,
    private: true,
    ...kept,
    type: 'module',
    scripts: { ...scripts, ...Object.fromEntries(theirs) },
    dependencies: {
      ...recordOf(given['dependencies']),
      ...(isNamed ? {} : { millrace: `^${version}` }),
    },
    devDependencies: {
      '@types/node': '^24.0.0',
      typescript: '>=5.8',
      ...recordOf(given['devDependencies']),
    },
  })
}
