/**
 * What the compiler writes down for users: no `any`, in nothing that can be reached from what they
 * import.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodesOf, placeOf, root, type Source, sourceOf } from '../tidy/source.ts'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-declarations-'))
  execFileSync(
    join(root, 'node_modules/.bin/tsc'),
    [
      '-p',
      join(root, 'tsconfig.build.json'),
      '--emitDeclarationOnly',
      '--declarationMap',
      'false',
      '--outDir',
      directory,
    ],
    { cwd: root },
  )
}, 120_000)
afterAll(() => rmSync(directory, { recursive: true }))

/** The declarations that a file reaches by imports, itself included. */
const reachedFrom = (path: string, reached = new Map<string, Source>()): readonly Source[] => {
  if (reached.has(path) || !existsSync(path)) return []
  const source = sourceOf(relative(directory, path), readFileSync(path, 'utf8'))
  reached.set(path, source)
  for (const [, target] of source.text.matchAll(/(?:from|import) '(\.[^']+)\.ts'/g))
    reachedFrom(join(dirname(path), `${target}.d.ts`), reached)
  return [...reached.values()]
}

const anyIn = (source: Source): readonly string[] =>
  [...nodesOf(source)].flatMap(([node]) =>
    node.type === 'TSAnyKeyword' ? [placeOf(source, node.start)] : [],
  )

test.each([
  {
    entry: 'lib/index.d.ts',
    files: [
      'lib/dstream/dstream.d.ts',
      'lib/dstream/operators/window.d.ts',
      'lib/rdd/operations/joins.d.ts',
    ],
  },
  { entry: 'lib/testing/index.d.ts', files: ['lib/testing/harness/test-stream.d.ts'] },
  { entry: 'infra/index.d.ts', files: ['infra/streaming-app.d.ts'] },
])('$entry shows users no any', ({ entry, files }) => {
  const sources = reachedFrom(join(directory, entry))
  expect(sources.map(({ path }) => path)).toEqual(expect.arrayContaining(files))
  expect(sources.flatMap(anyIn)).toEqual([])
})

test('an any would be found', () => {
  expect(
    anyIn(sourceOf('a.d.ts', 'export declare const f: (one: string, two: readonly any[]) => void')),
  ).toEqual(['a.d.ts:1'])
})
