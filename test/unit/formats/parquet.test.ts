/** Parquet files that pyarrow has written, and tables that go through a file and back. */
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { FileFormat, FormatWriting, PartReading } from '../../../lib/formats/file-format.ts'
import { parquet, type ParquetOptions } from '../../../lib/formats/parquet/parquet.ts'

const readingOf = (format: FileFormat<unknown>): PartReading<unknown> =>
  format.reading as PartReading<unknown>
const writingOf = (format: FileFormat<unknown>): FormatWriting => format.writing as FormatWriting

beforeAll(async () => {
  await readingOf(parquet()).prepare?.()
  await writingOf(parquet()).prepare?.()
})

const fixture = (name: string): Uint8Array =>
  readFileSync(join(import.meta.dirname, 'fixtures', `${name}.parquet`))

const open = async (bytes: Uint8Array, options: ParquetOptions = {}) => {
  const reads: number[] = []
  const parts = await readingOf(parquet(options)).open({
    name: 'a.parquet',
    sizeBytes: bytes.length,
    partBytes: 4 * 1024 * 1024,
    read: async (from, to) => {
      reads.push(to - from)
      return bytes.subarray(from, to)
    },
  })
  return { parts, reads }
}

const rowsOf = async (bytes: Uint8Array, options: ParquetOptions = {}) => {
  const rows: unknown[] = []
  for (const part of (await open(bytes, options)).parts)
    for (const row of await part.read()) rows.push(row)
  return rows
}

const at = new Date('2026-11-30T10:00:00.123Z')

describe('a file of another program', () => {
  test('has these values in JavaScript', async () => {
    const rows = await rowsOf(fixture('types'))
    expect(rows).toHaveLength(5)
    expect(rows[1]).toEqual({
      i32: 1,
      i64: 2n ** 53n + 1n,
      f: 0.25,
      text: 'é1',
      ok: false,
      day: new Date('2026-11-30'),
      ms: at,
      us: at,
      ns: at,
      price: 2.25,
      list: [1, null],
      struct: { a: 1, b: null },
      map: { x: 1 },
      bytes: Uint8Array.of(255, 1),
    })
    expect(new Set(Object.values(rows[3] as object))).toEqual(new Set([null]))
  })

  test('has nulls at any depth', async () =>
    expect(await rowsOf(fixture('nested'))).toStrictEqual([
      {
        struct: { a: { c: null } },
        list: [{ c: 'x' }, null],
        lists: [[1, null], null],
        map: { k: null },
      },
      { struct: { a: null }, list: [], lists: [[]], map: {} },
      { struct: null, list: null, lists: null, map: null },
    ]))

  test('has old times of 96 bits', async () =>
    expect(((await rowsOf(fixture('int96')))[0] as { readonly ns: Date }).ns).toEqual(at))

  test('may have no rows', async () => expect(await rowsOf(fixture('empty'))).toEqual([]))

  test.each(['none', 'snappy', 'gzip', 'zstd', 'brotli'])('may be compressed: %s', async (name) => {
    const rows = await rowsOf(fixture(name))
    expect(rows).toHaveLength(100)
    expect(rows[99]).toEqual({ n: 99n, word: 'race' })
  })

  test('that is compressed with LZ4 is put aside, and the error says why', async () =>
    expect(rowsOf(fixture('lz4'))).rejects.toMatchObject({
      code: 'OBJECT_CORRUPT',
      message: expect.stringMatching(/LZ4/) as string,
    }))
})

describe('row groups', () => {
  test('are parts, with the number of their rows', async () => {
    const { parts } = await open(fixture('snappy'))
    expect(parts.map(({ from, recordCount }) => [from, recordCount])).toEqual([
      [0, 40],
      [40, 40],
      [80, 20],
    ])
    expect(await parts[2]?.read()).toHaveLength(20)
  })

  test('are read in one request each, after one for the footer', async () => {
    const { parts, reads } = await open(fixture('types'))
    for (const part of parts) await part.read()
    expect(parts).toHaveLength(3)
    expect(reads).toHaveLength(4)
  })

  test('a few columns are read without the others', async () => {
    const elements = Array.from({ length: 30_000 }, (_, n) => ({ n, text: `a text of ${n}`, m: n }))
    const bytes = writingOf(parquet()).encode(elements)
    const { parts, reads } = await open(bytes, { columns: ['m'] })
    expect((await parts[0]?.read())?.[7]).toEqual({ m: 7 })
    const [, ...afterFooter] = reads
    expect(afterFooter.length).toBeLessThanOrEqual(2)
    expect(afterFooter.reduce((a, b) => a + b, 0)).toBeLessThan(bytes.length / 2)
  })
})

describe('a file that is not readable', () => {
  test.each<[what: string, bytes: () => Uint8Array, options: ParquetOptions, message: RegExp]>([
    ['empty', () => new Uint8Array(), {}, /footer/],
    ['no Parquet', () => Buffer.from('id,name\n1,a\n'), {}, /footer.*PAR1/s],
    ['cut off', () => fixture('types').subarray(0, 1_000), {}, /footer/],
    ['without a column', () => fixture('snappy'), { columns: ['x'] }, /no column "x", but "n"/],
    [
      'damaged',
      () => {
        const bytes = new Uint8Array(fixture('zstd'))
        return bytes.fill(7, 4, 60)
      },
      {},
      /row group at row 0/,
    ],
  ])('%s', async (_, bytes, options, message) => {
    await expect(rowsOf(bytes(), options)).rejects.toMatchObject({
      code: 'OBJECT_CORRUPT',
      message: expect.stringMatching(message) as string,
    })
  })
})

describe('written and read again', () => {
  const row = fc.record({
    text: fc.option(fc.string({ unit: 'grapheme' })),
    n: fc.option(fc.double({ noNaN: true })),
    big: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    ok: fc.option(fc.boolean()),
    at: fc.option(fc.date({ noInvalidDate: true })),
    bytes: fc.option(fc.uint8Array({ maxLength: 8 })),
    list: fc.option(fc.array(fc.integer())),
  })
  const types = {
    text: 'text',
    n: 'number',
    big: 'bigint',
    ok: 'boolean',
    at: 'date',
    bytes: 'bytes',
    list: 'json',
  } as const

  test('rows are the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), async (rows) => {
        const bytes = writingOf(parquet({ types })).encode(rows)
        expect(await rowsOf(bytes)).toEqual(rows)
        expect(writingOf(parquet({ types })).encode(rows)).toEqual(bytes)
      }),
    )
  })

  test('a column without a type gets one from its values, and may be missing', async () => {
    const rows = [{ a: 1 }, { a: null, b: 'x' }, { b: undefined, c: 2n, d: [1], e: null }]
    expect(await rowsOf(writingOf(parquet()).encode(rows))).toEqual([
      { a: 1, b: null, c: null, d: null, e: null },
      { a: null, b: 'x', c: null, d: null, e: null },
      { a: null, b: null, c: 2n, d: [1], e: null },
    ])
  })

  test.each<[ParquetOptions]>([[{}], [{ types: { a: 'text', n: 'number' } }]])(
    'with %j each field is read once, and each text is checked once',
    (options) => {
      let reads = 0
      const rows = Array.from({ length: 2_000 }, (_, n) => ({
        get a() {
          reads += 1
          return `${n}`
        },
        get n() {
          reads += 1
          return n
        },
      }))
      const checks = vi.spyOn(String.prototype, 'isWellFormed')
      try {
        writingOf(parquet(options)).encode(rows)
        expect({ reads, checks: checks.mock.calls.length }).toEqual({ reads: 4_000, checks: 2_000 })
      } finally {
        vi.restoreAllMocks()
      }
    },
  )

  test('a column may have a name that objects inherit', async () => {
    const rows: readonly object[] = [{ constructor: 'Lotus' }, { points: 2 }]
    expect(await rowsOf(writingOf(parquet()).encode(rows))).toEqual([
      { constructor: 'Lotus', points: null },
      { constructor: null, points: 2 },
    ])
  })

  test('whole numbers in JSON are exact, however long', () => {
    const bytes = writingOf(parquet()).encode([{ a: { id: 2n ** 60n + 1n } }, { a: 2n ** 70n }])
    const text = Buffer.from(bytes).toString('latin1')
    expect(text).toContain('{"id":1152921504606846977}')
    expect(text).toContain('1180591620717411303424')
  })

  test.each<[what: string, elements: readonly unknown[], options: ParquetOptions]>([
    ['no object', [1], {}],
    ['a map', [{ a: new Map([['x', 1]]) }], {}],
    ['no column', [{}, {}], {}],
    ['an array', [['a', 1]], {}],
    ['another type', [{ a: 'x' }], { types: { a: 'number' } }],
    ['a bigint beyond 64 bits', [{ a: 2n ** 63n }], { types: { a: 'bigint' } }],
  ])('%s is refused', (_, elements, options) =>
    expect(() => writingOf(parquet(options)).encode(elements)).toThrow(
      expect.objectContaining({ code: 'VALUE_UNSUPPORTED' }),
    ),
  )
})

test.each<[options: object, message: RegExp]>([
  [{ columns: [] }, /columns/],
  [{ types: { a: 'int' } }, /types/],
  [{ bytesAsText: 1 }, /bytesAsText/],
])('options %j are refused', (options, message) => expect(() => parquet(options)).toThrow(message))
