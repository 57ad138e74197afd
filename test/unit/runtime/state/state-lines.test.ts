import { readObjects } from 'millrace'
import { describe, expect, test } from 'vitest'
import { entriesIn, keyIn, lineOf } from '../../../../lib/runtime/state/state-lines.ts'

test.each([
  { key: 'a', state: 1 },
  { key: 5, state: '5' },
  { key: ['a', 2n], state: { at: new Date(0), seen: new Set([1]), by: new Map([['x', null]]) } },
  { key: null, state: [undefined, Number.NaN, -0, Infinity] },
  { key: undefined, state: new Uint8Array([0, 255]) },
  { key: '\u001b[2J\u2028', state: { $bigint: 'no bigint' } },
  { key: 'timed', state: undefined, touchedMs: 1_700_000_000_000 },
  { key: 'due', state: 1, timerMs: 1_700_000_000_000 },
  { key: 'both', state: 1, touchedMs: 1_700_000_000_000, timerMs: -5 },
])('an entry comes back from its line, which is safe to print: %#', (entry) => {
  const line = lineOf(entry)
  expect(line).toMatch(/^[\x20-\x7e]*\n$/)
  expect(entriesIn(Buffer.from(line))).toEqual([entry])
  const { key, state, ...rest } = entry
  expect(readObjects(Buffer.from(line))).toEqual([{ key, value: state, ...rest }])
})

test.each([
  ['to', 'to'],
  ['5', 5],
  ['"5"', '5'],
  ['["a",1]', ['a', 1]],
  ['{"id":1}', { id: 1 }],
  ['null', null],
  ['{"$bigint":"7"}', 7n],
  ['{"$date":"1970-01-01T00:00:00.000Z"}', new Date(0)],
  ['{"$undefined":true}', undefined],
  ['{"$map":[]}', '{"$map":[]}'],
  ['', ''],
  [' ', ' '],
  ['two words', 'two words'],
  ['1\n2', '1\n2'],
  ['[1,\n2]', [1, 2]],
  ['{"open', '{"open'],
])('the key typed as %j', (typed, key) => expect(keyIn(typed)).toEqual(key))

describe('a line that is no entry is refused by its number', () => {
  test.each([
    ['1', 'Line 2'],
    ['null', 'Line 2'],
    ['["a",1]', 'Line 2'],
    ['{"key":"a"}', 'Line 2'],
    ['{"value":1}', 'Line 2'],
    ['{"key":"a","value":1,"more":2}', 'Line 2'],
    ['{"key":"a","value":1,"touchedMs":"now"}', 'Line 2'],
    ['{"key":"a","value":1,"timerMs":1.5}', 'Line 2'],
    ['not JSON', 'Line 2'],
  ])('%s', (line, says) => {
    const bytes = Buffer.from(`{"key":"first","value":0}\n${line}\n`)
    expect(() => entriesIn(bytes)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }))
    expect(() => entriesIn(bytes)).toThrow(says)
  })

  test('a key that cannot be one', () =>
    expect(() => entriesIn(Buffer.from('{"key":{"$map":[]},"value":1}'))).toThrow(
      expect.objectContaining({ code: 'KEY_UNSUPPORTED' }),
    ))
})
