/** docs/api-coverage.md lists every public method, and nothing else. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parallelize, StateSpec, stream, seconds } from 'millrace'
// It adds methods, also for other files that run in the same process.
import 'millrace/sql'
import { expect, test } from 'vitest'

const page = readFileSync(join(import.meta.dirname, '../../../docs/api-coverage.md'), 'utf8')

/**
 * The names of the methods and properties of a class, read from one of its objects. This includes
 * the members that are marked `@internal`: they are for other files of the library.
 */
const namesOf = (object: object): readonly string[] =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(object) as object)

const objects = (): Readonly<Record<string, readonly string[]>> => {
  let found: Readonly<Record<string, readonly string[]>> = {}
  stream('coverage', { batchInterval: seconds(1) }, (ssc) => {
    const lines = ssc.queueStream([['a']])
    const spec = StateSpec.function(() => 1)
    lines.print()
    found = {
      StreamingContext: namesOf(ssc),
      DStream: namesOf(lines),
      RDD: namesOf(parallelize([1])),
      StateSpec: [...namesOf(spec), ...Object.getOwnPropertyNames(StateSpec)],
    }
  }).build()
  return found
}

const library = join(import.meta.dirname, '../../../lib')

/** A member after its JSDoc with `@internal`. */
const INTERNAL_MEMBER =
  /\/\*\*(?:(?!\*\/)[^])*@internal(?:(?!\*\/)[^])*\*\/\n +(?:async |get |readonly )*(?<name>\w+)/g

/** The members of the class in a file that are marked `@internal`. */
const internalNames = (file: string): readonly string[] =>
  [...readFileSync(join(library, file), 'utf8').matchAll(INTERNAL_MEMBER)].map(
    ({ groups }) => groups?.['name'] as string,
  )

test.each([
  ['StreamingContext', internalNames('dstream/streaming-context.ts')],
  ['DStream', internalNames('dstream/dstream.ts')],
  ['RDD', internalNames('rdd/rdd.ts')],
  ['StateSpec', ['constructor', 'length', 'name', 'prototype']],
])(
  '%s: every name on the page exists, and every name that is not internal is on the page',
  (type, internal) => {
    const mentioned = [...page.matchAll(new RegExp(`\`${type}\\.(\\w+)\``, 'g'))].map(
      ([, name]) => name as string,
    )
    const exist = objects()[type] as readonly string[]
    expect(internal).toContain('constructor')
    expect(exist).toEqual(expect.arrayContaining([...internal]))
    expect([...new Set(mentioned)].toSorted()).toEqual(
      exist.filter((name) => !internal.includes(name)).toSorted(),
    )
  },
)

test('every row says whether the operation is done, differs or is missing', () => {
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| Spark |'))
  expect(rows.length).toBeGreaterThan(50)
  for (const row of rows) expect(row).toMatch(/\| (done|differs|not)\b[^|]*\|$/)
})
