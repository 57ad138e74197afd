/**
 * The worked example in CONTRIBUTING: the operation that it adds compiles, and does what it says,
 * warm and after a restart.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { DStream } from 'millrace'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../tidy/source.ts'
import { givenBy } from '../unit/runtime/batches.ts'

let directory: string
let operation: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-contributing-'))
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  operation = join(directory, 'distinct.ts')
  const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  const code = /^```ts\n(?<code>.*?)^```/ms.exec(page.slice(page.indexOf('## A new operation')))
    ?.groups?.['code']
  // The imports are resolved as if the file were in the folder of the operators.
  writeFileSync(operation, String(code).replaceAll("'../", `'${join(root, 'lib/dstream')}/`))
})
afterAll(() => rmSync(directory, { recursive: true }))

test('compiles, and its method is there for users', { timeout: 120_000 }, () => {
  const use = join(directory, 'use.ts')
  writeFileSync(
    use,
    `import type { DStream } from '${root}/lib/index.ts'\n` +
      'export const once = (words: DStream<string>): DStream<string> => words.distinct()',
  )
  const project = join(directory, 'tsconfig.json')
  const compilerOptions = {
    rewriteRelativeImportExtensions: false,
    typeRoots: [join(root, 'node_modules/@types')],
  }
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions,
      include: [operation, use],
    }),
  )
  expect(
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', project], {
      cwd: root,
      encoding: 'utf8',
    }),
  ).toBe('')
})

test.each([false, true])(
  'gives each element of a batch once; with a new process after every batch: %s',
  async (cold) => {
    await import(pathToFileURL(operation).href)
    const distinct = (input: DStream<never>): DStream<unknown> =>
      (input as DStream<never> & { distinct(): DStream<unknown> }).distinct()
    const batches = [['b', 'a', 'b'], [], ['a', 'a']]
    expect(await givenBy(distinct, batches, { restartAfter: () => cold })).toEqual([
      [1, ['a', 'b']],
      [2, []],
      [3, ['a']],
    ])
  },
)
