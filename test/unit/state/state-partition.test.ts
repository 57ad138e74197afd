import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainKey } from '../../../lib/base/keys.ts'
import { unpack } from '../../../lib/base/packed.ts'
import { StatePartition } from '../../../lib/state/state-partition.ts'
import { readStateSegment } from '../../../lib/state/state-segment.ts'

type Entries = readonly (readonly [unknown, unknown])[]

/** The changes of one batch: puts, and removed keys. */
interface Changes {
  readonly put?: Entries
  readonly remove?: readonly unknown[]
}

const entriesOf = (partition: StatePartition): Entries => [...partition.draft().entries()]

/** Runs a batch up to its commit, and returns what it would write. */
const commit = (
  partition: StatePartition,
  { put = [], remove = [] }: Changes,
): { readonly delta: Uint8Array; readonly merged: Uint8Array; readonly isUnchanged: boolean } => {
  const draft = partition.draft()
  for (const [key, state] of put) draft.put(key, state)
  for (const key of remove) draft.remove(key)
  const written = { delta: draft.delta(), merged: draft.merge(), isUnchanged: draft.isUnchanged }
  draft.publish()
  return written
}

const replayed = (...segments: readonly Uint8Array[]): StatePartition => {
  const partition = new StatePartition()
  for (const segment of segments) partition.apply(segment)
  return partition
}

const filled = (put: Entries): StatePartition => {
  const partition = new StatePartition()
  commit(partition, { put })
  return partition
}

/** What is written: the puts, and the removed keys. */
const contentOf = (segment: Uint8Array): readonly [Entries, readonly unknown[]] => {
  const puts: (readonly [unknown, unknown])[] = []
  const removed: unknown[] = []
  readStateSegment(segment, {
    put: (key, stored) => void puts.push([plainKey(key), unpack(stored)]),
    remove: (key) => void removed.push(plainKey(key)),
  })
  return [puts, removed]
}

describe('what a batch writes', () => {
  test.each<[string, Entries, Changes, readonly [Entries, readonly unknown[]]]>([
    [
      'new keys, in the order of keys',
      [],
      {
        put: [
          ['b', 2],
          ['a', 1],
          [['k', 1], 3],
        ],
      },
      [
        [
          ['a', 1],
          ['b', 2],
          [['k', 1], 3],
        ],
        [],
      ],
    ],
    [
      'only what changed',
      [
        ['a', 1],
        ['b', 2],
      ],
      {
        put: [
          ['a', 1],
          ['b', 3],
        ],
      },
      [[['b', 3]], []],
    ],
    [
      'nothing for equal states',
      [
        ['a', 1],
        ['b', 'x'],
      ],
      {
        put: [
          ['a', 1],
          ['b', 'x'],
        ],
      },
      [[], []],
    ],
    ['nothing for NaN again', [['a', Number.NaN]], { put: [['a', Number.NaN]] }, [[], []]],
    [
      'nothing for a state that was changed back',
      [['a', 1]],
      {
        put: [
          ['a', 2],
          ['a', 1],
        ],
      },
      [[], []],
    ],
    [
      'nothing for a new key that is removed again',
      [],
      { put: [['a', 1]], remove: ['a'] },
      [[], []],
    ],
    ['nothing for the removal of a missing key', [['a', 1]], { remove: ['b'] }, [[], []]],
    [
      'a removed key',
      [
        ['a', 1],
        ['b', 2],
      ],
      { remove: ['b'] },
      [[], ['b']],
    ],
    [
      'keys that are equal by value once',
      [[['k', 1], 1]],
      { put: [[['k', 1], 1]], remove: [['k', 2]] },
      [[], []],
    ],
    ['null is a state', [['a', 1]], { put: [['a', null]] }, [[['a', null]], []]],
    [
      'undefined is a state of a new key',
      [],
      { put: [['a', undefined]] },
      [[['a', undefined]], []],
    ],
    ['nothing for undefined again', [['a', undefined]], { put: [['a', undefined]] }, [[], []]],
    ['-0 is not 0', [['a', 0]], { put: [['a', -0]] }, [[['a', -0]], []]],
    ['a number is not a string of it', [['a', 1]], { put: [['a', '1']] }, [[['a', '1']], []]],
  ])('%s', (_, before, changes, expected) => {
    const { delta, isUnchanged } = commit(filled(before), changes)
    expect(contentOf(delta)).toEqual(expected)
    expect(isUnchanged).toBe(expected.flat().length === 0)
  })

  test.each<[string, unknown, unknown]>([
    ['an equal object', { n: 1, tags: ['x'] }, { n: 1, tags: ['x'] }],
    ['an equal map', new Map([['a', { n: 1 }]]), new Map([['a', { n: 1 }]])],
    ['an equal date', new Date(5), new Date(5)],
    ['equal bytes', Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
  ])('nothing for %s', (_, state, again) => {
    expect(commit(filled([['a', state]]), { put: [['a', again]] }).isUnchanged).toBe(true)
  })

  test('the same bytes for any order of the changes', () => {
    const put: Entries = [
      ['b', { n: 1 }],
      ['a', [2]],
      [3, 'x'],
      [['a'], null],
    ]
    const one = commit(
      filled([
        ['z', 1],
        ['y', 1],
      ]),
      { put, remove: ['z', 'y'] },
    )
    const other = commit(
      filled([
        ['y', 1],
        ['z', 1],
      ]),
      { put: put.toReversed(), remove: ['y', 'z'] },
    )
    expect(one.delta).toEqual(other.delta)
    expect(one.merged).toEqual(other.merged)
  })

  test.each([[() => 1], [Symbol('s')], [new (class Point {})()], [[() => 1]]])(
    '%s is refused',
    (state) => {
      expect(() => new StatePartition().draft().put('a', state)).toThrow(
        expect.objectContaining({ code: 'VALUE_UNSUPPORTED' }),
      )
    },
  )

  test('a key that cannot be compared by value is refused', () => {
    expect(() => new StatePartition().draft().put(new Map(), 1)).toThrow(
      expect.objectContaining({ code: 'KEY_UNSUPPORTED' }),
    )
  })
})

describe('states changed in place', () => {
  test('are counted', () => {
    const partition = filled([['a', { n: 1 }]])
    const draft = partition.draft()
    for (const [key, state] of draft.entries()) {
      ;(state as { n: number }).n += 1
      draft.put(key, state)
    }
    expect(contentOf(draft.delta())).toEqual([[['a', { n: 2 }]], []])
    draft.publish()
    expect(entriesOf(partition)).toEqual([['a', { n: 2 }]])
  })

  test('change nothing until they are put', () => {
    const partition = filled([['a', { n: 1 }]])
    const draft = partition.draft()
    for (const [, state] of draft.entries()) (state as { n: number }).n = 99
    expect(draft.isUnchanged).toBe(true)
    expect(entriesOf(partition)).toEqual([['a', { n: 1 }]])
  })

  test('change nothing after they are put', () => {
    const partition = new StatePartition()
    const draft = partition.draft()
    const state = { n: 1 }
    draft.put('a', state)
    state.n = 99
    draft.publish()
    expect(entriesOf(partition)).toEqual([['a', { n: 1 }]])
  })
})

describe('a draft', () => {
  test('sees the state before the batch, and does not change it before the commit', () => {
    const partition = filled([
      ['a', 1],
      ['b', 2],
    ])
    const draft = partition.draft()
    draft.put('c', 3)
    draft.remove('a')
    expect([...draft.entries()]).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    expect(entriesOf(partition)).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    draft.publish()
    expect(entriesOf(partition)).toEqual([
      ['b', 2],
      ['c', 3],
    ])
  })

  test('that fails leaves no trace', () => {
    const partition = filled([['a', 1]])
    partition.draft().put('a', 2)
    expect(entriesOf(partition)).toEqual([['a', 1]])
  })
})

describe('replaying segments', () => {
  const key = fc.oneof(
    fc.constantFrom('a', 'b', 'c', '__proto__', 1, -0, null, true),
    fc.tuple(fc.constantFrom('k', '\ud800'), fc.nat(2)),
  )
  const leaf = fc.oneof(
    fc.integer(),
    fc.string(),
    fc.constantFrom(null, true, -0, Number.NaN),
    fc.bigInt(),
  )
  const state = fc.oneof(
    leaf,
    fc.record({ n: leaf, list: fc.array(leaf, { maxLength: 3 }) }),
    fc.uint8Array({ maxLength: 5 }).map((bytes) => new Uint8Array(bytes)),
  )
  const changes = fc.record({
    put: fc.array(fc.tuple(key, state), { maxLength: 6 }),
    remove: fc.array(key, { maxLength: 3 }),
  })

  test('equals the live state, from all deltas and from the last merged segment', () => {
    fc.assert(
      fc.property(fc.array(changes, { minLength: 1, maxLength: 12 }), (batches) => {
        const live = new StatePartition()
        const written = batches.map((batch) => commit(live, batch))
        const merged = written.map((one) => one.merged)
        expect(entriesOf(replayed(...written.map(({ delta }) => delta)))).toEqual(entriesOf(live))
        expect(entriesOf(replayed(merged.at(-1) as Uint8Array))).toEqual(entriesOf(live))
        const cold = replayed(
          merged[0] as Uint8Array,
          ...written.slice(1).map(({ delta }) => delta),
        )
        expect(entriesOf(cold)).toEqual(entriesOf(live))
        // A cold runner writes the same bytes as a warm one (B3).
        const again = batches[0] as Changes
        expect(commit(cold, again)).toEqual(commit(live, again))
      }),
      { numRuns: 300 },
    )
  })

  test('a merged segment has no tombstones', () => {
    const partition = filled([
      ['a', 1],
      ['b', 2],
    ])
    const { merged } = commit(partition, { put: [['c', 3]], remove: ['a'] })
    expect(contentOf(merged)).toEqual([
      [
        ['b', 2],
        ['c', 3],
      ],
      [],
    ])
    expect(replayed(merged).size).toBe(2)
  })

  test('a key that is put again after its removal exists', () => {
    const partition = new StatePartition()
    const deltas = [{ put: [['a', 1]] }, { remove: ['a'] }, { put: [['a', 2]] }].map(
      (batch) => commit(partition, batch as Changes).delta,
    )
    expect(entriesOf(replayed(...deltas))).toEqual([['a', 2]])
    expect(replayed(...deltas.slice(0, 2)).size).toBe(0)
  })
})
