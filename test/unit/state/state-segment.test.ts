/** What a segment of keyed state holds comes back exactly, in few bytes, and damage is an error. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codedKey, KeyedMap, plainKey } from '../../../lib/base/keys.ts'
import { pack, type Stored, unpack } from '../../../lib/base/packed.ts'
import { readStateSegment, stateSegment } from '../../../lib/state/state-segment.ts'

type Entries = readonly (readonly [unknown, unknown])[]

/** Content that is in the order of keys, as the state writes it. */
const segmentOf = (entries: Entries, removed: readonly unknown[] = []): Uint8Array => {
  const puts = new KeyedMap<unknown, Stored>()
  for (const [key, state] of entries) puts.set(key, pack(state))
  return stateSegment(puts.sortedCoded(), removed.map(codedKey))
}

const contentOf = (segment: Uint8Array): readonly [Entries, readonly unknown[]] => {
  const puts: (readonly [unknown, unknown])[] = []
  const removed: unknown[] = []
  readStateSegment(segment, {
    put: (key, stored) => void puts.push([plainKey(key), unpack(stored)]),
    remove: (key) => void removed.push(plainKey(key)),
  })
  return [puts, removed]
}

/** By key, since the order within a segment means nothing. */
const sorted = (entries: Entries): Entries => {
  const map = new KeyedMap<unknown, unknown>()
  for (const [key, state] of entries) map.set(key, state)
  return map.sortedEntries()
}

const KEYS: readonly unknown[] = [
  '',
  'a',
  'ab',
  'b\u00ff',
  '\u0100',
  '\u0436\u0436',
  '\u0436\u0437',
  '\ud800',
  'x'.repeat(70_000),
  `${'x'.repeat(70_000)}y`,
  1,
  -1,
  0.5,
  Number.NaN,
  2n ** 70n,
  true,
  null,
  undefined,
  new Date(5),
  ['user', '1'],
  ['user', '2'],
  { b: 1, a: ['x'] },
]

const STATES: readonly unknown[] = [
  0,
  -0,
  'text',
  1n,
  null,
  undefined,
  { n: 1, s: 'x' },
  { n: 2, s: 'y' },
  { s: 'y', n: 2 },
  Object.freeze({ n: 3, s: 'z' }),
  Object.assign(Object.create(null) as object, { n: 1 }),
  JSON.parse('{"__proto__":1}') as object,
  {},
  [],
  [{ n: 1, s: { n: 1, s: 2 } }, 5],
  new Map([[{ n: 1 }, [{ n: 1 }]]]),
  new Set([1]),
  new Date(7),
  Uint8Array.of(1, 2),
  Buffer.from('x'),
]

const expectSame = (entries: Entries, removed: readonly unknown[]): void => {
  const [puts, gone] = contentOf(segmentOf(entries, removed))
  expect(isDeepStrictEqual(sorted(puts), sorted(entries))).toBe(true)
  expect(
    isDeepStrictEqual(sorted(gone.map((key) => [key, 0])), sorted(removed.map((key) => [key, 0]))),
  ).toBe(true)
}

describe('a segment is read as it was written', () => {
  test('empty', () => expect(contentOf(segmentOf([]))).toEqual([[], []]))

  test('with keys of all kinds, as states and as removed ones', () =>
    expectSame(
      KEYS.map((key, index) => [key, index]),
      KEYS,
    ))

  test('with states of all kinds', () => {
    expectSame(
      STATES.map((state, index) => [`k${index}`, state]),
      [],
    )
    const [puts] = contentOf(segmentOf(STATES.map((state, index) => [index, state])))
    for (const [index, state] of puts) expect(state).toStrictEqual(STATES[index as number])
  })

  test('with more keys than are read at once', () => {
    const many = Array.from({ length: 5_000 }, (_, n) => [`user-${n}`, n] as const)
    expectSame(
      many,
      many.map(([key]) => key),
    )
  })

  const key = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.stringMatching(/^user-[0-9]{1,3}$/),
    fc.constantFrom(...KEYS),
    fc.tuple(fc.constantFrom('a', '\ud800'), fc.nat(3)),
    fc.dictionary(fc.constantFrom('a', 'b'), fc.nat(3)),
    fc.integer(),
    fc.bigInt(),
  )
  const name = fc.constantFrom('a', 'b', 'name', '__proto__', '\u0436', '\ud800')
  const { state } = fc.letrec<{ state: unknown }>((tie) => ({
    state: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(...STATES),
      fc.dictionary(name, tie('state'), { maxKeys: 4 }),
      fc.array(tie('state'), { maxLength: 3 }),
      fc.array(fc.tuple(tie('state'), tie('state')), { maxLength: 2 }).map((all) => new Map(all)),
    ),
  }))

  test('with any keys and states', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, state), { maxLength: 12 }),
        fc.array(key, { maxLength: 4 }),
        expectSame,
      ),
      { numRuns: 500 },
    )
  })
})

describe('damage is SEGMENT_CORRUPT', () => {
  const whole = segmentOf(
    [
      ...Array.from({ length: 4 }, (_, n) => [`user-${n}`, { n, s: 'x' }] as const),
      ['\u0436', new Date(1)],
      [['a'], [1]],
      [1, { other: 1 }],
    ],
    ['gone', ['b']],
  )

  test('wherever the segment is cut', () => {
    for (let length = 0; length < whole.byteLength; length++)
      expect(() => contentOf(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'SEGMENT_CORRUPT' }),
      )
  })

  test.each<[string, readonly number[]]>([
    ['an unknown form', [99]],
    ['more bytes behind it', [...whole, 0]],
    ['more keys than bytes', [64, 0, 255, 255, 255, 15]],
    ['a first key that shares bytes', [64, 0, 1, 1, 1, 97, 0, 0, 0, 0, 0, 0, 0]],
    ['a key that shares more than there can be', [64, 0, 1, 255, 255, 255, 255, 255, 1, 0]],
  ])('%s', (_, bytes) => {
    expect(() => contentOf(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: 'SEGMENT_CORRUPT' }),
    )
  })

  test('any changed byte gives an error with a code, or other content, and ends', () => {
    fc.assert(
      fc.property(fc.nat(whole.byteLength - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const damaged = Uint8Array.from(whole)
        damaged[at] = (damaged[at] ?? 0) ^ by
        try {
          contentOf(damaged)
        } catch (error) {
          expect(error).toMatchObject({ code: 'SEGMENT_CORRUPT' })
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

const KEYS_COUNTED = 1_000

describe('bytes for each key, before compression', () => {
  test.each<[string, number, (n: number) => readonly [unknown, unknown]]>([
    // Two lengths, what differs from the key before, and a state of two bytes.
    ['a text with a small number', 5.1, (n) => [`user-${n}`, n % 7]],
    ['an array with a small number', 5.2, (n) => [['user', `${n}`], n % 7]],
    ['a text of two-byte letters', 6.1, (n) => [`\u0436-${n}`, 1]],
    // Three states of 2, 9 and 8 bytes, and a tag.
    [
      'an object of 3 fields',
      23.2,
      (n) => [`k${n}`, { count: n % 64, sum: n / 3, last: 'page-1' }],
    ],
    [
      'an object of 8 fields',
      29.2,
      (n) => [
        `k${n}`,
        { one: 1, two: 2, three: 3, four: 4, five: 5, six: 6, seven: 7, name: `visitor-${n % 10}` },
      ],
    ],
    ['a date', 12.1, (n) => [`k${n}`, new Date(1_700_000_000_000 + n)]],
    ['a bigint', 9.1, (n) => [`k${n}`, BigInt(n % 1_000) + 1_000n]],
    [
      'a map of two numbers',
      15.2,
      (n) => [
        `k${n}`,
        new Map([
          ['a', n % 64],
          ['b', 2],
        ]),
      ],
    ],
  ])('%s: at most %d', (_, most, entryOf) => {
    const entries = Array.from({ length: KEYS_COUNTED }, (__, n) => entryOf(n))
    expect(segmentOf(entries).byteLength / KEYS_COUNTED).toBeLessThanOrEqual(most)
  })
})
