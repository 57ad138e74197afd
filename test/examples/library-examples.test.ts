import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { projectSources, root } from '../tidy/source.ts'
import { type Example, jsdocExamples, programOf, publicNames } from './library-examples.ts'

/** A declaration after its comment. */
const DOCUMENTED =
  /\/\*\*(?:(?!\*\/)[^])*\*\/\nexport (?:const|function|class|type|interface) (\w+)/g

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-examples-'))
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  // What an example imports.
  writeFileSync(join(directory, 'pipeline.js'), 'export default {}')
  writeFileSync(
    join(directory, 'pipeline.d.ts'),
    'declare const pipeline: object\nexport default pipeline',
  )
})
afterAll(() => rmSync(directory, { recursive: true }))

/** What compiling or running says is wrong; empty when nothing is. */
const complaintsOf = (examples: readonly Example[], name: string): string => {
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
    said(join(root, 'node_modules/.bin/tsc'), '-p', project),
    said(process.execPath, '--no-warnings', '--conditions=millrace-source', file),
  ].join('')
}

const said = (command: string, ...args: readonly string[]): string => {
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

  test('are there for operations on streams and datasets', () => {
    expect(examples.length).toBeGreaterThan(100)
    expect(examples.filter(({ gives }) => gives !== undefined).length).toBeGreaterThan(50)
  })

  test('are there for every name that is public', () => {
    const { values, types } = publicNames()
    const documented = projectSources()
      .filter(({ path }) => path.startsWith('lib/'))
      .flatMap(({ text }) => [...text.matchAll(DOCUMENTED)])
      .flatMap(([comment, name]) => (comment.includes('@example') ? [name] : []))
    expect(types.length + values.length).toBeGreaterThan(40)
    expect([...values, ...types].filter((name) => !documented.includes(name))).toEqual([])
  })

  test('compile, run, and give what they say', { timeout: 120_000 }, () => {
    expect(complaintsOf(examples, 'all')).toBe('')
  })

  test.each<[string, Omit<Example, 'place'>, RegExp]>([
    ['does not compile', { code: `words.map((word) => word.lenght)` }, /lenght/],
    [
      'throws',
      { code: `await parallelize([1]).map((): number => { throw new Error('broken') }).collect()` },
      /lib\/rdd\/rdd\.ts:1 .*broken/s,
    ],
    [
      'gives something else',
      { code: 'await parallelize([1]).collect()', gives: '[2]' },
      /gives \[1\], not \[2\]/,
    ],
  ])('fail when one %s', { timeout: 120_000 }, (name, example, complaint) => {
    expect(
      complaintsOf([{ place: 'lib/rdd/rdd.ts:1', ...example }], name.replaceAll(' ', '-')),
    ).toMatch(complaint)
  })
})
