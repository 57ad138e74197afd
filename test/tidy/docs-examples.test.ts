/**
 * The code in the pages for users compiles, and what it describes can be built. Each block is a
 * function of its own, in surroundings that the pages take for granted. A whole program is the text
 * of an example, which has tests of its own.
 */
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { importsOfAll } from '../examples/library-examples.ts'
import { OWN_NAMES } from './imports.ts'
import { root } from './source.ts'

interface Block {
  /** `docs/sources.md:12`. */
  readonly place: string
  readonly code: string
}

const BLOCK = /(?<named><!-- *\S+ *-->\s*)?^```ts\n(?<code>.*?)^```/gms

const blocksOf = (path: string, page: string): readonly Block[] =>
  [...page.matchAll(BLOCK)].flatMap(({ groups = {}, index }) =>
    groups['named'] === undefined
      ? [
          {
            place: `${path}:${page.slice(0, index).split('\n').length}`,
            code: groups['code'] ?? '',
          },
        ]
      : [],
  )

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]
const blocks = pages.flatMap((path) => blocksOf(path, readFileSync(join(root, path), 'utf8')))

/** It imports what is not Millrace itself. Such a block is a file of its own, and only compiled. */
const isForeign = ({ code }: Block): boolean =>
  /from '(?!millrace(\/(?!cdk|testing)[a-z/-]+)?')/.test(code)
const OWN_IMPORT = /^import (.* from )?'millrace(\/(?!cdk|testing)[a-z/-]+)?'\n/gm

const ownNameOf = (file: string): string =>
  Object.entries(OWN_NAMES).find(([, target]) => target === file)?.[0] ?? file

const SURROUNDINGS = `
  const lines = ssc.textFileStream('lines')
  const words = lines.flatMap((line) => line.split(' '))
  const pairs = words.mapToPair((word) => [word, 1])
  const texts = words.mapToPair((word) => [word, word])
  const counts = pairs.reduceByKey((a, b) => a + b)
  const totals = counts
  const store = { put: async (time: number, rows: unknown) => [time, rows] }`

const FOREIGN_SURROUNDINGS = `
declare const stack: import('aws-cdk-lib').Stack
declare const stream: import('aws-cdk-lib/aws-kinesis').IStream
declare const bucket: import('aws-cdk-lib/aws-s3').IBucket
declare const StreamName: string
`

const statementOf = ({ place, code }: Block): string => {
  const text = JSON.stringify(place)
  const body = `${SURROUNDINGS}\n{ // ${place}\n${code.replaceAll(OWN_IMPORT, '')}\n}`
  const caught = `.catch((error: unknown) => failed(${text}, error))`
  return `await build(${text}, async (ssc) => {${body}\n})${caught}`
}

/** One program of many blocks: prints the places of those that fail, with what went wrong. */
const programOf = (own: readonly Block[]): string => `
${importsOfAll(ownNameOf)}

const failed = (place: string, error: unknown): void => {
  console.error(place, String(error))
  process.exitCode = 1
}
type Describe = (ssc: StreamingContext) => Promise<void>
const build = async (place: string, describe: Describe): Promise<void> => {
  let described: Promise<void> | undefined
  stream('example', { batchInterval: seconds(10) }, (ssc) => {
    described = describe(ssc)
    ssc.queueStream<number>([]).print()
  }).build()
  await described?.catch((error: unknown) => failed(place, error))
}
${own.map(statementOf).join('\n')}
`

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-docs-'))
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  const packages = join(directory, 'node_modules')
  mkdirSync(packages)
  symlinkSync(root, join(packages, 'millrace'))
  for (const name of ['aws-cdk-lib', 'constructs', '@aws-sdk', '@smithy', '@types', 'zod'])
    symlinkSync(join(root, 'node_modules', name), join(packages, name))
})
afterAll(() => rmSync(directory, { recursive: true }))

const outputOf = (command: string, ...args: readonly string[]): string => {
  try {
    execFileSync(command, args, { cwd: directory, encoding: 'utf8', stdio: 'pipe' })
    return ''
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string }
    return stdout + stderr
  }
}

/** What compiling and running says is wrong. Empty: nothing is. */
const complaintsOf = (all: readonly Block[], name: string): string => {
  const folder = join(directory, name)
  mkdirSync(folder)
  const program = join(folder, 'program.ts')
  writeFileSync(program, programOf(all.filter((block) => !isForeign(block))))
  for (const [index, { place, code }] of all.filter(isForeign).entries())
    writeFileSync(
      join(folder, `foreign-${index}.ts`),
      `// ${place}\n${code}${FOREIGN_SURROUNDINGS}export {}\n`,
    )
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        rewriteRelativeImportExtensions: false,
        typeRoots: [join(root, 'node_modules/@types')],
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
      include: ['*.ts'],
    }),
  )
  return [
    outputOf(join(root, 'node_modules/.bin/tsc'), '-p', folder, '--noEmit'),
    outputOf(process.execPath, '--no-warnings', '--conditions=millrace-source', program),
  ].join('')
}

test('the pages have code of their own', () => expect(blocks.length).toBeGreaterThan(20))

test('the code of the pages compiles, and its pipelines can be built', { timeout: 120_000 }, () =>
  expect(complaintsOf(blocks, 'pages')).toBe(''),
)

test('code that is wrong is seen', { timeout: 120_000 }, () => {
  const codes = [
    'words.map((word) => word.lenght).print()\n',
    "ssc.textFileStream('').print()\n",
    "import { Gone } from 'millrace/cdk'\nGone()\n",
  ]
  const complaints = complaintsOf(
    codes.map((code, index) => ({ place: `docs/a.md:${index}`, code })),
    'wrong',
  )
  expect(complaints).toMatch(/lenght/)
  expect(complaints).toMatch(/docs\/a\.md:1 .*needs a location to watch/s)
  expect(complaints).toMatch(/Gone/)
})
