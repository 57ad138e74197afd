/**
 * Each source, format and output that the docs tell of, that a module exports, or that a binding
 * may name, is shown by an example. A new one without an example fails here.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import 'millrace'
import { describe, expect, test } from 'vitest'
import { formFor, type LocationForm } from '../../lib/runtime/locations.ts'
import { DStream } from '../../lib/dstream/dstream.ts'
import { StreamingContext } from '../../lib/dstream/streaming-context.ts'
import '../../lib/runtime/sinks/all.ts'
import { sinkKinds } from '../../lib/runtime/sinks/sink-kind.ts'
import '../../lib/runtime/sources/all.ts'
import { sourceKinds } from '../../lib/runtime/sources/source-kind.ts'
import { OWN_NAMES } from '../tidy/imports.ts'
import { root } from '../tidy/source.ts'
import { bindingsIn, sections, shown } from './readme.ts'

const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** The names in code in the first columns of the first table below a heading. */
const namesIn = (path: string, heading: string, column = 1): readonly string[] => {
  const page = read(path)
  const [table = ''] = /^\|.*?\n\n/ms.exec(page.slice(page.indexOf(heading))) ?? []
  const cells = table
    .split('\n')
    .slice(2)
    .map((row) => row.split('|')[column] ?? '')
  return cells.flatMap((cell) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => nameIn(code)),
  )
}

/** `kafka` in `streamFrom(kafka(...))`, `print` in `print()`, `postgres` in `millrace/postgres`. */
const nameIn = (code: string): string =>
  code
    .replace(/^millrace\//, '')
    .replace(/^(?:streamFrom|saveTo)\((?=\w+\()/, '')
    .replace(/\(.*/, '')

/** The functions of modules with sources, formats and sinks. */
const exported = async (): Promise<readonly string[]> => {
  const modules = Object.keys(OWN_NAMES).filter(
    (name) => !/^millrace(\/(cdk|graph|ml|opentelemetry|sql|testing))?$/.test(name),
  )
  const all = await Promise.all(modules.map((name) => import(name) as Promise<object>))
  return all.flatMap((module) =>
    Object.entries(module).flatMap(([name, value]) => (typeof value === 'function' ? [name] : [])),
  )
}

const methodsOf = (prototype: object, pattern: RegExp): readonly string[] =>
  Object.getOwnPropertyNames(prototype).filter((name) => pattern.test(name))

describe('the tables of examples/README.md', () => {
  test.each<[string, () => readonly string[] | Promise<readonly string[]>]>([
    ['sources in docs/sources.md', () => namesIn('docs/sources.md', '# Sources')],
    ['formats of files in docs/formats.md', () => namesIn('docs/formats.md', '# Formats', 2)],
    ['formats of records in docs/formats.md', () => namesIn('docs/formats.md', '# Formats', 3)],
    ['outputs in docs/sinks.md', () => namesIn('docs/sinks.md', '# Sinks')],
    ['databases in docs/databases.md', () => namesIn('docs/databases.md', '## What each', 2)],
    ['exports', exported],
    ['sources of a context', () => methodsOf(StreamingContext.prototype, /Stream$/)],
    ['outputs of a stream', () => methodsOf(DStream.prototype, /^(print|save|foreach|validate)/)],
  ])('have all %s', async (_, find) => {
    const names = (await find()).filter((name) => name !== 'saveTo')
    expect(names.length).toBeGreaterThan(2)
    expect(names.filter((name) => !shown.has(name))).toEqual([])
  })

  test('name examples whose code has it', () => {
    for (const [name, examples] of shown) {
      expect(examples, name).not.toEqual([])
      for (const example of examples) {
        const code = read(`examples/${example}.ts`)
        expect([example, name, new RegExp(`\\b${name}(<[^(]*>)?\\(`).test(code)]).toEqual([
          example,
          name,
          true,
        ])
      }
    }
  })
})

test('the commands of examples/README.md bind a name to each kind of place', async () => {
  // What they import registers kinds.
  await exported()
  const commands = sections.flatMap((section) => section.commands)
  const uris = bindingsIn(commands).map((binding) => binding.slice(binding.indexOf('=') + 1))
  const kinds = [...sourceKinds(), ...sinkKinds()].filter(({ form }) => form !== undefined)
  expect(kinds.length).toBeGreaterThan(10)
  const isNamed = ({ name, form }: { readonly name: string; readonly form?: LocationForm }) =>
    commands.some((command) => command.endsWith(`--${name}`)) ||
    uris.some((uri) => form !== undefined && isOfForm(uri, form))
  expect(kinds.filter((kind) => !isNamed(kind)).map(({ name }) => name)).toEqual([])
})

const isOfForm = (uri: string, form: LocationForm): boolean => {
  try {
    formFor(uri, [form]).parse(uri, '/work')
    return true
  } catch {
    return false
  }
}
