/** Formats without a library that read whole files. */
import fc from 'fast-check'
import {
  delimited,
  type FileFormat,
  jsonDocuments,
  jsonLines,
  lengthPrefixed,
  text,
  wholeFiles,
} from 'millrace/formats'
import { describe, expect, test } from 'vitest'
import { fileInMemory } from '../../../lib/formats/file-format.ts'

const read = async ({ reading }: FileFormat<unknown>, bytes: Uint8Array | string) => {
  if (reading?.shape !== 'parts') throw new TypeError('it is read in lines')
  const [part, ...others] = await reading.open(fileInMemory('a', Buffer.from(bytes)))
  expect(others).toEqual([])
  return part?.read()
}

test.each<
  [format: FileFormat<unknown>, content: string | Uint8Array, elements: readonly unknown[]]
>([
  [jsonDocuments(), '\n[{"a":1},\n2]\n', [{ a: 1 }, 2]],
  [jsonDocuments(), '\ufeff{"a":[1]}', [{ a: [1] }]],
  [jsonDocuments({ at: 'r.items' }), '{"r":{"items":[1,2]}}', [1, 2]],
  [jsonDocuments({ bigints: true }), '[9007199254740993]', [9007199254740993n]],
  [wholeFiles(), Uint8Array.of(1, 2), [{ path: 'a', bytes: Uint8Array.of(1, 2) }]],
  [
    delimited('\0'),
    'a\0\0b',
    [Buffer.from('a'), Buffer.alloc(0), Buffer.from('b')].map((one) => new Uint8Array(one)),
  ],
  [
    delimited(Uint8Array.of(1, 2)),
    Uint8Array.of(7, 1, 2, 1, 3),
    [Uint8Array.of(7), Uint8Array.of(1, 3)],
  ],
  [lengthPrefixed('u16be'), Uint8Array.of(0, 1, 9, 0, 0), [Uint8Array.of(9), new Uint8Array()]],
  [lengthPrefixed('u16le'), Uint8Array.of(1, 0, 9), [Uint8Array.of(9)]],
])('%o reads %o', async (format, content, elements) =>
  expect(await read(format, content)).toEqual(elements),
)

test.each<[format: FileFormat<unknown>, content: string | Uint8Array, message: RegExp]>([
  [jsonDocuments(), '{"a":1}\n{"a":2}', /not one JSON document/],
  [jsonDocuments(), '', /not one JSON document/],
  [jsonDocuments({ at: 'a.b' }), '{"a":1}', /no field a\.b/],
  [jsonDocuments({ at: 'toString' }), '{}', /no field toString/],
  [lengthPrefixed('u32be'), Uint8Array.of(0, 0, 0, 9, 1), /at byte 0 .*beyond its end/],
  [lengthPrefixed('u8'), Uint8Array.of(1, 7, 2), /at byte 2 /],
  [lengthPrefixed('varint'), Uint8Array.of(0x80), /at byte 0 /],
])('%o refuses %o', async (format, content, message) => {
  await expect(read(format, content)).rejects.toMatchObject({
    code: 'OBJECT_CORRUPT',
    message: expect.stringMatching(message) as string,
  })
})

describe('written and read again, elements are the same', () => {
  const record = fc.uint8Array({ maxLength: 300 })
  test.each(['u16be', 'u16le', 'u32be', 'u32le', 'varint'] as const)('%s', (lengths) =>
    fc.assert(
      fc.asyncProperty(fc.array(record), async (records) => {
        const format = lengthPrefixed(lengths)
        expect(await read(format, format.writing?.encode(records) ?? '')).toEqual(records)
      }),
    ),
  )

  test('JSON documents', async () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue({ noUnicodeString: false })), async (values) => {
        const format = jsonDocuments()
        const plain = JSON.parse(JSON.stringify(values)) as unknown
        expect(await read(format, format.writing?.encode(values) ?? '')).toEqual(plain)
      }),
    ))

  test('JSON lines write what JSON does not have as others read it', () => {
    const bytes = jsonLines().writing?.encode([{ n: 2n ** 60n, at: new Date(0), x: NaN }, 'a\nb'])
    expect(Buffer.from(bytes ?? '').toString()).toBe(
      '{"n":1152921504606846976,"at":"1970-01-01T00:00:00.000Z","x":null}\n"a\\nb"\n',
    )
  })

  test('lines of text', () =>
    expect(Buffer.from(text().writing?.encode(['a', 1]) ?? '').toString()).toBe('a\n1\n'))
})

test.each<[format: FileFormat<unknown>, element: unknown]>([
  [delimited('\0'), 'a\0b'],
  [delimited('\0'), 1],
  [lengthPrefixed('u8'), new Uint8Array(256)],
  [jsonLines(), undefined],
  [jsonLines(), () => 1],
  [jsonLines(), { a: [new Map([['x', 1]])] }],
  [jsonLines(), { a: 1n, b: new Set([1]) }],
  [jsonDocuments(), new Map([['x', 1]])],
])('%o refuses to write %o', (format, element) =>
  expect(() => format.writing?.encode([element])).toThrow(
    expect.objectContaining({ code: 'VALUE_UNSUPPORTED' }),
  ),
)

test.each([
  () => delimited(''),
  () => lengthPrefixed('u64' as never),
  () => jsonDocuments({ at: 'a..b' }),
])('wrong settings are refused: %o', (make) =>
  expect(make).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' })),
)
