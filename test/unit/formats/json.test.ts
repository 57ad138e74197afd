import { describe, expect, test } from 'vitest'
import { json } from '../../../lib/formats/json/json.ts'
import { textOf } from '../../../lib/formats/record-format.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('json', () => {
  test.each<[what: string, record: string | Uint8Array | { data: Uint8Array }, gives: unknown]>([
    ['a text', '{"a":[1,null]}', { a: [1, null] }],
    ['bytes', bytes('"é"'), 'é'],
    ['a record with its bytes in data', { data: bytes('[1]') }, [1]],
    ['white space around a value', ' \t{"a":1}\r', { a: 1 }],
    ['a byte order mark in a text', '\ufeff1', 1],
    ['a byte order mark in bytes', bytes('\ufeff1'), 1],
    ['the last of two equal names', '{"a":1,"a":2}', { a: 2 }],
    ['a number beyond 2^53, rounded', '9007199254740993', 9007199254740992],
  ])('decodes %s', (_, record, gives) => expect(json().decode(record)).toEqual(gives))

  test.each<[what: string, record: string | Uint8Array, because: RegExp]>([
    ['an empty record', '', /end of JSON/i],
    ['a comma at the end', '{"a":1,}', /JSON/],
    ['NaN', '{"a":NaN}', /NaN/],
    ['two values', '{} {}', /after JSON/],
    ['a comment', '// a\n1', /JSON/],
    ['single quotes', "{'a':1}", /JSON/],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), /utf-8/i],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), /utf-8/i],
  ])('refuses %s', (_, record, because) => {
    expect(() => json().decode(record)).toThrow(
      expect.objectContaining({
        code: 'RECORD_UNREADABLE',
        message: expect.stringMatching(because) as string,
      }),
    )
  })

  test('keeps whole numbers beyond 2^53 as bigints if it is told to', () => {
    const { decode, settings } = json({ bigints: true })
    expect(settings).toEqual({ bigints: true })
    expect(decode('[9007199254740993,-9007199254740993,9007199254740991,1e300,1.5,"9"]')).toEqual([
      9007199254740993n,
      -9007199254740993n,
      9007199254740991,
      1e300,
      1.5,
      '9',
    ])
  })
})

test('textOf leaves out one byte order mark', () =>
  expect([textOf('\ufeffa'), textOf(bytes('\ufeffa')), textOf(bytes('a'))]).toEqual([
    'a',
    'a',
    'a',
  ]))
