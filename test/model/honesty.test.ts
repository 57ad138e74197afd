/**
 * The model proves only what it shares with the code: its conditions must be those of the code, and
 * every function that it models must exist.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { PROTOCOL } from './protocol.ts'
import type { HeadWriteKind } from './world.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

const NAMES: Readonly<Record<string, string>> = { doneMs: 'done', wakeMs: 'woken' }

/**
 * All lists of attributes of the head in a file, in order, with the names that the model uses. The
 * model has no ends of leases.
 */
const conditionsIn = (path: string): readonly (readonly string[])[] =>
  [...read(path).matchAll(/\[\s*(?:'\w+',?\s*)+\]/g)]
    .map(([list]) => [...list.matchAll(/\w+/g)].map(([name]) => name))
    .filter((names) => names.includes('epoch'))
    .map((names) =>
      names.filter((name) => name !== 'leaseEndMs').map((name) => NAMES[name] ?? name),
    )

/** The writes that the lists of a file are for, in order. */
const PLACES: readonly (readonly [path: string, kinds: readonly (readonly HeadWriteKind[])[]])[] = [
  ['lib/runtime/driver/log.ts', [['log']]],
  ['lib/runtime/driver/head-writes.ts', [['again', 'commit', 'fail']]],
  ['lib/runtime/driver/rest.ts', [['rest'], ['wake']]],
  ['lib/runtime/driver/adopt.ts', [['adopt']]],
  ['lib/runtime/driver/commit.ts', [['exhaust']]],
  ['lib/runtime/operations/operated.ts', [['operate']]],
]

describe('the conditions of the model are those of the code', () => {
  test.each(PLACES)('%s', (path, kinds) => {
    const lists = conditionsIn(path)
    expect(lists).toHaveLength(kinds.length)
    for (const [index, list] of lists.entries())
      for (const kind of kinds[index] ?? [])
        expect([kind, PROTOCOL.compares[kind].toSorted()]).toEqual([kind, list.toSorted()])
  })
})

/** What else the model compares, and how the code does. */
const COMPARED: readonly (readonly [what: string, path: string, code: string])[] = [
  [
    'an executor with other code refuses',
    'lib/runtime/tasks/task-server.ts',
    'request.app !== app || request.generation !== generation || request.plan !== plan.hash',
  ],
  [
    'an executor has found what the driver has found',
    'lib/runtime/tasks/task-server.ts',
    "if (open.read.found !== request.found) return refused('changed',",
  ],
  [
    'memory of an executor is what is stored, with its last move',
    'lib/runtime/tasks/state-server.ts',
    'if (held?.after === JSON.stringify(before)) { ' +
      'for (const draft of held.drafts) draft.publish()',
  ],
  [
    'an executor forgets what it moves until it has moved',
    'lib/runtime/tasks/state-server.ts',
    'this.#held.delete(keyOf(id, part)) if (held?.after',
  ],
  [
    'a late result is dropped',
    'lib/runtime/tasks/spread-stage.ts',
    'if (!this.#away.delete(index)) return',
  ],
]

describe('what executors compare is what the code compares', () => {
  test.each(COMPARED)('%s', (_, path, code) => {
    const isThere = read(path).replaceAll(/\s+/g, ' ').includes(code)
    expect({ path, code, isThere }).toEqual({ path, code, isThere: true })
  })
})

describe('docs/internals/model.md names functions that are there', () => {
  const rows = [
    ...read('docs/internals/model.md').matchAll(/^\| [^|]+ \| ([^|]+) \| `(lib\/[^`]+)` \|$/gm),
  ]
  test('and at least one for each process', () => expect(rows.length).toBeGreaterThan(15))
  test.each(
    rows.flatMap(([, names = '', path = '']) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => [name, path] as const),
    ),
  )('%s in %s', (name, path) =>
    expect(read(path)).toMatch(new RegExp(`(^|[^\\w])${name.replace(/[#().]/g, '\\$&')}\\b`, 'm')),
  )
})
