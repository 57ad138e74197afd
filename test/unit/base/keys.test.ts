import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode, encode } from '../../../lib/base/codec.ts'
import { codedKey, compareKeys, KeyedMap, partitionOf, plainKey } from '../../../lib/base/keys.ts'

const proto = JSON.parse('{"__proto__":1}') as object

/** Counts keys, as every reduction does. */
const countsOf = (keys: readonly unknown[]): KeyedMap<unknown, number> => {
  const map = new KeyedMap<unknown, number>()
  for (const key of keys) map.combine(key, 1, (a, b) => a + b)
  return map
}

describe('keys are equal by value', () => {
  test.each<[string, readonly unknown[], readonly (readonly [unknown, number])[]]>([
    [
      'strings',
      ['a', 'b', 'a'],
      [
        ['a', 2],
        ['b', 1],
      ],
    ],
    [
      'values of six types that look like 1',
      [1, '1', true, null, [1], '[1]'],
      [
        [null, 1],
        [true, 1],
        [1, 1],
        ['1', 1],
        ['[1]', 1],
        [[1], 1],
      ],
    ],
    [
      'arrays',
      [
        ['a', 1],
        ['a', 1],
        ['a', 2],
      ],
      [
        [['a', 1], 2],
        [['a', 2], 1],
      ],
    ],
    [
      'objects in any order of fields',
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      [[{ a: 1, b: 2 }, 2]],
    ],
    [
      'dates',
      [new Date(5), new Date(5), new Date(6)],
      [
        [new Date(5), 2],
        [new Date(6), 1],
      ],
    ],
    [
      'names that Object.prototype has',
      ['__proto__', 'constructor', '__proto__'],
      [
        ['__proto__', 2],
        ['constructor', 1],
      ],
    ],
    [
      'objects with a field __proto__',
      [proto, proto, {}],
      [
        [{}, 1],
        [proto, 2],
      ],
    ],
    [
      'lone surrogates',
      ['\ud800', '\ud801', '\ud800', ['\ud800'], ['\ud801']],
      [
        ['\ud800', 2],
        ['\ud801', 1],
        [['\ud800'], 1],
        [['\ud801'], 1],
      ],
    ],
    [
      'NaN',
      [Number.NaN, Number.NaN, [Number.NaN], [Number.NaN]],
      [
        [Number.NaN, 2],
        [[Number.NaN], 2],
      ],
    ],
    [
      '0 and -0',
      [0, -0, [0], [-0]],
      [
        [0, 2],
        [[0], 2],
      ],
    ],
    [
      'bigints',
      [1n, 1, 2n ** 70n, 2n ** 70n],
      [
        [1, 1],
        [1n, 1],
        [2n ** 70n, 2],
      ],
    ],
    [
      'empty ones',
      ['', [], {}, null],
      [
        [null, 1],
        ['', 1],
        [[], 1],
        [{}, 1],
      ],
    ],
  ])('%s', (_, keys, expected) => {
    const map = countsOf(keys)
    expect(map.sortedEntries()).toStrictEqual(expected)
    expect(map.size).toBe(expected.length)
    for (const [key, count] of expected) expect([map.has(key), map.get(key)]).toEqual([true, count])
  })

  test.each<[unknown]>([['a'], [1], [null], [['a', 1]], [{ a: [1] }], [new Date(1)]])(
    '%j is set, changed and deleted',
    (key) => {
      const map = new KeyedMap<unknown, number>()
      map.set(key, 1)
      map.set(structuredClone(key), 2)
      expect(map.sortedEntries()).toEqual([[key, 2]])
      expect([map.delete(structuredClone(key)), map.delete(key), map.size, map.has(key)]).toEqual([
        true,
        false,
        0,
        false,
      ])
    },
  )

  test('an undefined value is a value', () => {
    const map = new KeyedMap<unknown, string | undefined>()
    for (const key of ['a', ['a']]) {
      map.set(key, undefined)
      map.combine(key, 'second', (a, b) => `${a} ${b}`)
    }
    expect(map.sortedEntries()).toEqual([
      ['a', 'undefined second'],
      [['a'], 'undefined second'],
    ])
  })

  test('-0 is 0 in every list, also where it comes first', () => {
    const map = countsOf([-0, 0])
    expect([...map.entries()]).toStrictEqual([[0, 2]])
    expect([...map.codedEntries()]).toStrictEqual([[0, 2]])
    expect(map.sortedEntries()).toStrictEqual([[0, 2]])
  })

  test('changing a key object later does not change the map', () => {
    const key = { user: 'a', tags: ['x'] }
    const map = countsOf([key])
    key.user = 'b'
    key.tags.push('y')
    expect(map.get({ user: 'a', tags: ['x'] })).toBe(1)
    expect(map.sortedEntries()).toEqual([[{ user: 'a', tags: ['x'] }, 1]])
  })
})

describe('a key in the form inside Millrace', () => {
  test.each<[unknown, boolean]>([
    ['a', false],
    [1, false],
    [null, false],
    [undefined, false],
    [new Date(5), true],
    [['a', [1]], true],
    [{ b: 1, a: ['x'] }, true],
    [proto, true],
  ])('%j is the same key', (key, isStructured) => {
    const coded = codedKey(key)
    expect([codedKey(coded) === coded, typeof coded === 'object' && coded !== null]).toEqual([
      true,
      isStructured,
    ])
    expect(plainKey(coded)).toStrictEqual(key)
    expect(compareKeys(coded, key)).toBe(0)
    expect(partitionOf(coded, 1_000)).toBe(partitionOf(key, 1_000))
    const map = new KeyedMap<unknown, number>()
    map.set(key, 1)
    map.combine(coded, 1, (a, b) => a + b)
    expect([map.size, map.get(coded), map.get(key), map.has(coded)]).toEqual([1, 2, 2, true])
    expect(decode(encode(coded))).toStrictEqual(coded)
    expect(map.delete(coded)).toBe(true)
  })

  test.each<[string, (map: KeyedMap<string[], number>) => Iterable<readonly [string[], number]>]>([
    ['entries', (map) => map.entries()],
    ['sorted entries', (map) => map.sortedEntries()],
  ])('%s give a fresh key, which may be changed', (_, entriesOf) => {
    const map = new KeyedMap<string[], number>()
    map.set(['a'], 1)
    for (const [key] of entriesOf(map)) key.push('b')
    expect([...entriesOf(map)]).toEqual([[['a'], 1]])
  })

  test('is refused where the key is', () => {
    expect(() => codedKey([new Set()])).toThrow(
      expect.objectContaining({ code: 'KEY_UNSUPPORTED' }),
    )
  })
})

class Id {
  id = 1
}
const cycle: unknown[] = []
cycle.push(cycle)

describe('KeyedMap refuses', () => {
  test.each<[string, unknown]>([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a map', new Map()],
    ['a set in an array', [new Set()]],
    ['bytes', new Uint8Array()],
    ['an instance of a class', new Id()],
    ['an instance of a class in an array', [new Id()]],
    ['a function in an array', [() => 1]],
    ['a cycle', cycle],
  ])('%s', (_, key) => {
    const refusal: unknown = expect.objectContaining({ code: 'KEY_UNSUPPORTED' })
    expect(() => new KeyedMap().set(key, 1)).toThrow(refusal)
    expect(() => countsOf([key])).toThrow(refusal)
  })
})

const ORDERED: readonly unknown[] = [
  null,
  false,
  true,
  -Infinity,
  -1.5,
  0,
  1,
  10,
  Infinity,
  Number.NaN,
  -(2n ** 70n),
  0n,
  1n,
  '',
  '10',
  '9',
  'Z',
  'a',
  'ä',
  '\ud83d\ude00',
  '\uffff',
]

describe('the order of keys', () => {
  test('null, booleans, numbers, bigints, then strings by UTF-16 units', () => {
    expect(
      countsOf(ORDERED.toReversed())
        .sortedEntries()
        .map(([key]) => key),
    ).toEqual(ORDERED)
    for (const [i, a] of ORDERED.entries())
      for (const [j, b] of ORDERED.entries())
        expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(i - j))
  })

  const part = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.constantFrom(null, true, Number.NaN, -0),
    fc.bigInt(),
    fc.double(),
  )
  const key = fc.oneof(
    part,
    fc.array(part, { maxLength: 3 }),
    fc.dictionary(fc.string(), part, { maxKeys: 2 }),
    fc.date({ noInvalidDate: false }),
  )

  test('does not depend on the order of insertion, and agrees with compareKeys', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 20 }), fc.infiniteStream(fc.nat()), (keys, random) => {
        const shuffled = keys
          .map((one) => [random.next().value, one] as const)
          .toSorted(([a], [b]) => a - b)
        const entries = countsOf(keys).sortedEntries()
        expect(countsOf(shuffled.map(([, one]) => one)).sortedEntries()).toEqual(entries)
        for (const [i, [after]] of entries.entries())
          if (i > 0) expect(compareKeys(entries[i - 1]?.[0], after)).toBeLessThan(0)
      }),
    )
  })
})

describe('the partition of a key', () => {
  // Stored state is distributed by these numbers: a change here changes the stored format.
  test.each<[string, unknown, number, number]>([
    ['the empty string', '', 4, 11],
    ['a letter', 'a', 0, 435],
    ['a word', 'word', 1, 319],
    ['__proto__', '__proto__', 2, 171],
    ['a lone surrogate', '\ud800', 1, 750],
    ['0', 0, 0, 631],
    ['1', 1, 3, 508],
    ['-1', -1, 0, 27],
    ['1.5', 1.5, 0, 639],
    ['NaN', Number.NaN, 4, 610],
    ['null', null, 4, 795],
    ['true', true, 6, 457],
    ['a bigint', 10n, 3, 632],
    ['a date', new Date(0), 4, 30],
    ['an array', ['a', 1], 1, 249],
    ['an object', { b: 1, a: [2] }, 6, 3],
  ])('%s', (_, given, ofSeven, ofMany) => {
    expect([partitionOf(given, 7), partitionOf(given, 1024), partitionOf(given, 1)]).toEqual([
      ofSeven,
      ofMany,
      0,
    ])
  })

  test('is the same for equal keys', () => {
    expect(partitionOf({ a: 1, b: -0 }, 1000)).toBe(partitionOf({ b: 0, a: 1 }, 1000))
    expect(partitionOf(-0, 1000)).toBe(partitionOf(0, 1000))
  })

  test('spreads similar keys evenly', () => {
    const counts = Array.from({ length: 16 }, () => 0)
    for (let i = 0; i < 16_000; i++) counts[partitionOf(`user-${i}`, 16)]! += 1
    expect(Math.min(...counts)).toBeGreaterThan(900)
    expect(Math.max(...counts)).toBeLessThan(1_100)
  })
})

test('keys that differ only above 64 bits cost no more than others', () => {
  const msOf = (shift: bigint): number => {
    const map = new KeyedMap<bigint, number>()
    const before = performance.now()
    for (let i = 0n; i < 20_000n; i++) map.combine(i << shift, 1, (a, b) => a + b)
    for (let i = 0n; i < 20_000n; i++) map.combine(-(i << shift), 1, (a, b) => a + b)
    expect(map.size).toBe(39_999)
    expect(map.get(0n)).toBe(2)
    expect(map.get(19_999n << shift)).toBe(1)
    expect(map.has(20_000n << shift)).toBe(false)
    return performance.now() - before
  }
  msOf(0n)
  const narrow = msOf(0n)
  // It was a thousand times.
  expect(msOf(64n)).toBeLessThan(50 * narrow + 500)
})

test('wide bigints are keys like others', () => {
  const wide = 2n ** 64n
  const map = new KeyedMap<unknown, string>()
  for (const key of [3n * wide, 'a', -wide, 7, wide, [wide], -1n, wide - 1n, 2n * wide])
    map.set(key, String(key))
  map.set(wide, 'again')
  map.update(2n * wide, (old) => `${old}!`)
  expect(map.delete(3n * wide)).toBe(true)
  expect(map.delete(3n * wide)).toBe(false)
  expect(map.sortedEntries().map(([key]) => key)).toEqual([
    7,
    -wide,
    -1n,
    wide - 1n,
    wide,
    2n * wide,
    'a',
    [wide],
  ])
  expect(map.get(wide)).toBe('again')
  expect(map.get(2n * wide)).toBe(`${2n * wide}!`)
  expect([...map.entries()]).toHaveLength(map.size)
})
