/** Strings with values, sorted as `sort()` sorts them (B3). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sortByText } from '../../../lib/base/sort-by-text.ts'

const sorted = (texts: readonly string[]): readonly (readonly [string, number])[] => {
  const [keys, values] = [[...texts], [...texts.keys()]]
  sortByText(keys, values)
  return keys.map((key, index) => [key, values[index] as number] as const)
}

const bySort = (texts: readonly string[]): readonly (readonly [string, number])[] => {
  const places = new Map(texts.map((text, index) => [text, index]))
  return texts.toSorted().map((text) => [text, places.get(text) as number] as const)
}

/** Different strings, in mixed order. */
const many = (count: number, make: (index: number) => string): readonly string[] => [
  ...new Set(Array.from({ length: count }, (_, index) => make((index * 7_919) % count))),
]

const UNITS = ['\u0000', 'a', '\u00fe', '\u00ff', '\u0100', '\uffff']

/** One of the strings of so many of these units. */
const mixOf = (index: number, units: number): string =>
  units === 0
    ? ''
    : `${UNITS[index % UNITS.length]}${mixOf(Math.floor(index / UNITS.length), units - 1)}`

const tables: readonly (readonly [name: string, texts: readonly string[]])[] = [
  ['none', []],
  ['one', ['a']],
  ['a few', ['b', '', 'a', 'ab', 'B']],
  ['numbers as text', many(5_000, String)],
  ['the same beginning', many(5_000, (index) => `https://example.com/${index}/x`)],
  ['each the beginning of the next', many(2_000, (index) => 'a'.repeat(index))],
  ['long ones that differ late', many(500, (index) => `${'ab'.repeat(5_000)}${index}`)],
  ['all units, one in each', many(65_536, (index) => String.fromCharCode(index))],
  [
    'all units below the first two bytes, before and behind another one',
    many(10_000, (index) => `x${String.fromCharCode(index % 600)}${Math.floor(index / 600)}`),
  ],
  ['units beside the bounds of a byte', many(1_296, (index) => mixOf(index, 4))],
  ['pairs of surrogates', many(3_000, (index) => String.fromCodePoint(0x1f300 + index))],
]

test.each(tables)('%s', (_, texts) => {
  expect(sorted(texts)).toEqual(bySort(texts))
})

describe('random strings', () => {
  const texts = [
    fc.string({ unit: fc.constantFrom(...UNITS), maxLength: 6 }),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 60 }),
  ]
  test.each(texts.map((text, index) => [index, text] as const))('of kind %i', (_, text) => {
    fc.assert(
      fc.property(fc.uniqueArray(text, { maxLength: 400, size: 'max' }), (all) => {
        expect(sorted(all)).toEqual(bySort(all))
      }),
      { numRuns: 200 },
    )
  })
})
