import { describe, expect, test } from 'vitest'
import { tableItem, tableItems } from '../../../lib/formats/table-items.ts'
import { expectError } from '../../contract/errors.ts'

const circle: unknown[] = []
circle.push(circle)

describe('the key of an item', () => {
  test.each<[unknown, string]>([
    ['to', 'to'],
    ['', ''],
    ['[1]', '[1]'],
    [12, '12'],
    [-0, '0'],
    [1.5e300, '1.5e+300'],
    [Number.NaN, 'NaN'],
    [12n, '12'],
    [true, 'true'],
    [null, 'null'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [['a', 1], '["a",1]'],
    [['a', 2n], '["a",{"$bigint":"2"}]'],
    [{ b: 1, a: [-0] }, '{"a":[0],"b":1}'],
    [{ a: [0], b: 1 }, '{"a":[0],"b":1}'],
  ])('%s is written as %s', (key, text) => {
    expect(tableItem([key, 1])).toEqual({ key: text, value: 1 })
  })

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a map', new Map()],
    ['a set within an array', [new Set([1])]],
    ['an instance of a class', new URL('a:b')],
  ])('%s is refused as key', async (_, key) => {
    await expectError(() => tableItem([key, 1]), 'KEY_UNSUPPORTED')
  })
})

describe('the value of an item', () => {
  test.each<[string, unknown]>([
    ['text', 'text'],
    ['a number', 1.5],
    ['a boolean', false],
    ['null', null],
    ['an array', [1, ['a']]],
    ['an object', { n: { m: 1 } }],
  ])('%s is written unchanged', (_, value) => {
    expect(tableItem(['a', value])).toEqual({ key: 'a', value })
  })

  test.each<[string, unknown, unknown]>([
    ['undefined', undefined, { $undefined: true }],
    ['a bigint', 12n, { $bigint: '12' }],
    ['NaN', Number.NaN, { $number: 'NaN' }],
    ['a date', new Date(0), { $date: '1970-01-01T00:00:00.000Z' }],
    ['a map', new Map([['a', 1]]), { $map: [['a', 1]] }],
    ['bytes', Uint8Array.of(1, 2), { $bytes: 'AQI=' }],
  ])('%s has its own form', (_, value, json) => {
    expect(tableItem(['a', value])).toEqual({ key: 'a', value: json })
  })

  test.each<[string, unknown]>([
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['an instance of a class', new URL('a:b')],
    ['a cycle', circle],
  ])('%s is refused as value', async (_, value) => {
    await expectError(() => tableItem(['a', value]), 'VALUE_UNSUPPORTED')
  })
})

test.each<[string, unknown]>([
  ['text', 'ab'],
  ['a number', 1],
  ['an empty array', []],
  ['three elements', [1, 2, 3]],
  ['an object', { key: 'a', value: 1 }],
  ['undefined', undefined],
])('%s is not a pair', async (_, element) => {
  await expectError(() => tableItem(element), 'ARGUMENT_INVALID')
})

describe('items as lines', () => {
  const pairs = [
    ['to', 2],
    ['ä\n', { at: new Date(0), n: 1n }],
    ['none', undefined],
  ]

  test('are JSON with a key and a value', () => {
    expect(Buffer.from(tableItems.encode(pairs.slice(0, 2))).toString()).toBe(
      '{"key":"to","value":2}\n' +
        '{"key":"ä\\n","value":{"at":{"$date":"1970-01-01T00:00:00.000Z"},"n":{"$bigint":"1"}}}\n',
    )
  })

  test('are read back as pairs', () => {
    expect(tableItems.decode(tableItems.encode(pairs))).toEqual({ elements: pairs, rejected: [] })
  })

  test('no pairs give no lines', () => {
    expect(tableItems.encode([])).toHaveLength(0)
  })
})
