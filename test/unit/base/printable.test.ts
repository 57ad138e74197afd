import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../../lib/base/errors.ts'
import { oneLine, printable, printableJson } from '../../../lib/base/printable.ts'

describe('text for a terminal', () => {
  test.each([
    ['plain ä€😀 text', 'plain ä€😀 text'],
    ['an escape \u001b[2J', 'an escape \\x1b[2J'],
    ['a bell \u0007 and a backspace \b', 'a bell \\x07 and a backspace \\x08'],
    ['a return \r', 'a return \\r'],
    ['a delete \u007f', 'a delete \\x7f'],
    ['an escape of eight bits \u009b2J', 'an escape of eight bits \\x9b2J'],
    ['an override \u202etxt.exe', 'an override \\u202etxt.exe'],
    ['an isolate \u2066', 'an isolate \\u2066'],
    ['a line separator \u2028', 'a line separator \\u2028'],
    ['half a pair \ud83d', 'half a pair \\ud83d'],
    ['lines\n\tstay', 'lines\n\tstay'],
  ])('%j', (text, expected) => expect(printable(text)).toBe(expected))

  test('as a part of a line it has no line feeds and tabs', () =>
    expect(oneLine('a\n\tb\r\n')).toBe('a\\n\\tb\\r\\n'))

  const units = fc.array(fc.integer({ min: 0, max: 0x2100 }), { maxLength: 20 })
  const UNSAFE = /(?![\n\t])[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/u

  test('nothing unsafe is left, and safe text stays', () => {
    fc.assert(
      fc.property(units, (codes) => {
        const text = String.fromCharCode(...codes)
        expect(printable(text)).not.toMatch(UNSAFE)
        expect(oneLine(text)).not.toMatch(/\p{Cc}/u)
        if (!UNSAFE.test(text)) expect(printable(text)).toBe(text)
      }),
    )
  })

  test('JSON stays the same value', () => {
    fc.assert(
      fc.property(units, (codes) => {
        const text = String.fromCharCode(...codes)
        const json = printableJson(JSON.stringify({ text }))
        expect(json).not.toMatch(UNSAFE)
        expect(JSON.parse(json)).toEqual({ text })
      }),
    )
  })
})

test('a value in an error cannot begin a line', () => {
  const { message } = new MillraceError('OBJECT_CORRUPT', {
    problem: 'The file "a\nDone." is bad',
    value: 'b\nDone.',
    allowed: 'not c\nDone.',
    fix: 'rename d\nDone.',
    cause: new Error('e\nDone.'),
  })
  expect(message.split('\n').filter((line) => line.startsWith('Done'))).toEqual([])
  // The last one is where it was thrown.
  expect(message.split('\n')).toHaveLength(7)
})
