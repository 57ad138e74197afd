import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkColumns,
  hiveDirectory,
  type PartitionColumns,
} from '../../../lib/formats/hive-directory.ts'

test.each<[PartitionColumns, string]>([
  [{ day: '2026-11-30' }, 'day=2026-11-30'],
  [{ day: '2026-11-30', hour: 7 }, 'day=2026-11-30/hour=7'],
  [{ a: 1.5, b: -0, c: 12n, d: true }, 'a=1.5/b=0/c=12/d=true'],
  [
    { a: null, b: undefined, c: '' },
    ['a', 'b', 'c'].map((c) => `${c}=__HIVE_DEFAULT_PARTITION__`).join('/'),
  ],
  [{ at: '12:30' }, 'at=12%3A30'],
  [{ path: 'a/b=c' }, 'path=a%2Fb%3Dc'],
  [{ mark: '"#%\'*?\\{[]^' }, 'mark=%22%23%25%27%2A%3F%5C%7B%5B%5D%5E'],
  [{ line: 'a\nb\t\u007f' }, 'line=a%0Ab%09%7F'],
  [{ kept: 'a b+c}&é漢😀.' }, 'kept=a b+c}&é漢😀.'],
  [{ dots: '..' }, 'dots=..'],
  [{ text: '__HIVE_DEFAULT_PARTITION__' }, 'text=%5F_HIVE_DEFAULT_PARTITION__'],
  [{ text: '__hive_default_partition__' }, 'text=%5F_hive_default_partition__'],
  [{ 'a:b': 'x' }, 'a%3Ab=x'],
])('columns lie in their directory: %#', (columns, directory) =>
  expect(hiveDirectory(columns)).toBe(directory),
)

test.each<[string, unknown]>([
  ['a date', new Date(0)],
  ['no number', Number.NaN],
  ['infinity', Infinity],
  ['an object', {}],
  ['a list', ['a']],
  ['half of a character', '\ud800'],
  ['a name that is too long', 'x'.repeat(300)],
])('refuses %s', (_, value) =>
  expect(() => hiveDirectory({ c: value as string })).toThrow(/VALUE_UNSUPPORTED/),
)

test.each([[[]], [['']], [['_day']], [['.day']], [['day', 'DAY']], [['\ud800']]])(
  'refuses columns %j',
  (columns: string[]) => expect(() => checkColumns(columns)).toThrow(/VALUE_UNSUPPORTED/),
)

/** As readers do it: two hex digits after a percent sign stand for a character. */
const unescape = (text: string): string =>
  text.replaceAll(/%([0-9A-F]{2})/g, (_, digits: string) =>
    String.fromCodePoint(Number.parseInt(digits, 16)),
  )

describe('random texts', () => {
  test('come back, and no two have one directory', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
      fc.constant('__HIVE_DEFAULT_PARTITION__'),
    )
    fc.assert(
      fc.property(text, text, (a, b) => {
        const directory = hiveDirectory({ c: a })
        expect(unescape(directory.slice(2))).toBe(a)
        expect(directory.split('/')).toHaveLength(1)
        expect(hiveDirectory({ c: b }) === directory).toBe(a === b)
      }),
      { numRuns: 2_000 },
    )
  })
})
