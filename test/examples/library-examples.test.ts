import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { projectSources, root } from '../tidy/source.ts'
import { type Example, jsdocExamples, programOf, publicNames } from './library-examples.ts'

/** An exported declaration with its JSDoc. */
const DOCUMENTED =
  /\/\*\*(?:(?!\*\/)[^])*\*\/\nexport (?:const|function|(?:abstract )?class|type|interface) (\w+)/g

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-examples-'))
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  // The module that an example imports.
  writeFileSync(join(directory, 'pipeline.js'), 'export default {}')
  writeFileSync(
    join(directory, 'pipeline.d.ts'),
    'declare const pipeline: object\nexport default pipeline',
  )
})
afterAll(() => rmSync(directory, { recursive: true }))

/** The errors of compiling and running the examples; empty if there are none. */
const errorsOf = (examples: readonly Example[], name: string): string => {
  const file = join(directory, `${name}.ts`)
  writeFileSync(file, programOf(examples))
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      rewriteRelativeImportExtensions: false,
      typeRoots: [join(root, 'node_modules/@types')],
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
    include: [file],
  }
  const project = join(directory, `${name}.json`)
  writeFileSync(project, JSON.stringify(config))
  return [
    outputOf(join(root, 'node_modules/.bin/tsc'), '-p', project),
    outputOf(process.execPath, '--no-warnings', '--conditions=millrace-source', file),
  ].join('')
}

const outputOf = (command: string, ...args: readonly string[]): string => {
  try {
    execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' })
    return ''
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string }
    return stdout + stderr
  }
}

describe('the examples in JSDoc', () => {
  const examples = jsdocExamples()

  test('exist for operations on streams and RDDs', () => {
    expect(examples.length).toBeGreaterThan(100)
    expect(examples.filter(({ gives }) => gives !== undefined).length).toBeGreaterThan(50)
  })

  test('exist for every public name', () => {
    const { values, types } = publicNames()
    const documented = projectSources()
      .filter(({ path }) => path.startsWith('lib/'))
      .flatMap(({ text }) => [...text.matchAll(DOCUMENTED)])
      .flatMap(([comment, name]) => (comment.includes('@example') ? [name] : []))
    expect(types.length + values.length).toBeGreaterThan(40)
    expect([...values, ...types].filter((name) => !documented.includes(name))).toEqual([])
  })

  test('compile, run, and give the values in their comments', { timeout: 120_000 }, () => {
    expect(errorsOf(examples, 'all')).toBe('')
  })

  test.each<[string, Omit<Example, 'place'>, RegExp]>([
    ['does not compile', { code: `words.map((word) => word.lenght)` }, /lenght/],
    [
      'throws',
      { code: `await parallelize([1]).map((): number => { throw new Error('broken') }).collect()` },
      /lib\/rdd\/rdd\.ts:1 .*broken/s,
    ],
    [
      'gives another value',
      { code: 'await parallelize([1]).collect()', gives: '[2]' },
      /gives \[1\], not \[2\]/,
    ],
  ])('fail when one %s', { timeout: 120_000 }, (name, example, error) => {
    expect(
      errorsOf([{ place: 'lib/rdd/rdd.ts:1', ...example }], name.replaceAll(' ', '-')),
    ).toMatch(error)
  })
})
