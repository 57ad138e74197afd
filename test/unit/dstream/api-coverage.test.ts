/** docs/api-coverage.md lists every public method, and nothing else. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parallelize, StateSpec, stream, seconds } from 'millrace'
import { expect, test } from 'vitest'

const page = readFileSync(join(import.meta.dirname, '../../../docs/api-coverage.md'), 'utf8')

/**
 * The names of the methods and properties of a class, read from one of its objects. This includes
 * internal ones, which the published declarations leave out.
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

/** The internal members of each class, marked `@internal` in the code. */
const INTERNAL = {
  StreamingContext: ['constructor', 'from', 'intervalMs'],
  DStream: ['constructor', 'node', 'to', 'emit', 'describe', 'nodeBeside'],
  RDD: [
    'constructor',
    'label',
    'within',
    'narrow',
    'derive',
    'shuffle',
    'beside',
    'partitionAt',
    'elements',
    'partitions',
    'write',
  ],
  StateSpec: ['constructor', 'length', 'name', 'prototype'],
}

test.each(Object.entries(INTERNAL))(
  '%s: every name on the page exists, and every name is on the page',
  (type, internal) => {
    const mentioned = [...page.matchAll(new RegExp(`\`${type}\\.(\\w+)\``, 'g'))].map(
      ([, name]) => name as string,
    )
    const there = (objects()[type] as readonly string[]).filter((name) => !internal.includes(name))
    expect([...new Set(mentioned)].toSorted()).toEqual(there.toSorted())
  },
)

test('every row says whether the operation is done, differs or is missing', () => {
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| Spark |'))
  expect(rows.length).toBeGreaterThan(50)
  for (const row of rows) expect(row).toMatch(/\| (done|differs|not)\b[^|]*\|$/)
})
