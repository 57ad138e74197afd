/** CSV files, in parts of any size, beside an independent reading of the same bytes. */
import fc from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { csv, type CsvOptions, csvRecord, tsv } from '../../../lib/formats/csv/csv.ts'
import { csvLibrary, prepareCsv } from '../../../lib/formats/csv/csv-rows.ts'
import type { FileFormat, PartReading, SizedFile } from '../../../lib/formats/file-format.ts'

beforeAll(prepareCsv)

const readingOf = (format: FileFormat<unknown>): PartReading<unknown> =>
  format.reading as PartReading<unknown>

interface Watched extends SizedFile {
  readonly reads: (readonly [from: number, to: number])[]
}

const fileOf = (bytes: Uint8Array, partBytes = 4 * 1024 * 1024): Watched => {
  const reads: (readonly [number, number])[] = []
  return {
    name: 'a.csv',
    sizeBytes: bytes.length,
    partBytes,
    reads,
    read: async (from, to) => {
      reads.push([from, to])
      return bytes.subarray(from, to)
    },
  }
}

/** Elements of a file, and the records that are bad. */
const read = async (
  format: FileFormat<unknown>,
  content: string | Uint8Array,
  partBytes?: number,
): Promise<{ readonly rows: readonly unknown[]; readonly bad: readonly string[] }> => {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  const { open, decode } = readingOf(format)
  const parts = await open(fileOf(bytes, partBytes))
  const rows: unknown[] = []
  const bad: string[] = []
  for (const part of parts)
    for (const record of await part.read()) {
      try {
        rows.push(decode?.(record))
      } catch (error) {
        expect(error).toMatchObject({ code: 'RECORD_UNREADABLE' })
        bad.push(Buffer.from(record as string).toString('latin1'))
      }
    }
  return { rows, bad }
}

describe('a file of CSV', () => {
  const rows: readonly {
    readonly what: string
    readonly content: string | Uint8Array
    readonly options?: CsvOptions
    readonly rows?: readonly unknown[]
    readonly bad?: readonly string[]
  }[] = [
    { what: 'an empty file', content: '' },
    { what: 'a header alone', content: 'a,b\n' },
    { what: 'a byte order mark', content: '\ufeffa,b\n1,2\n', rows: [{ a: '1', b: '2' }] },
    {
      what: 'line ends of all kinds, and empty lines',
      content: '\na,b\r\n1,2\r\n\r\n3,4\n\n5,6\r7,8',
      rows: [
        { a: '1', b: '2' },
        { a: '3', b: '4' },
        { a: '5', b: '6' },
        { a: '7', b: '8' },
      ],
    },
    {
      what: 'quotes, with delimiters, line ends and doubled quotes in them',
      content: 'a,b\n"x, ""y""","1\r\n2"\n"",z\n',
      rows: [
        { a: 'x, "y"', b: '1\r\n2' },
        { a: '', b: 'z' },
      ],
    },
    {
      what: 'rows with too few and too many fields',
      content: 'a,b\n1\n1,2\n1,2,3\n',
      rows: [{ a: '1', b: '2' }],
      bad: ['a,b\n1', 'a,b\n1,2,3'],
    },
    {
      what: 'short rows, if they are allowed',
      content: 'a,b\n1\n1,2,3\n',
      options: { allowShort: true },
      rows: [{ a: '1' }],
      bad: ['a,b\n1,2,3'],
    },
    {
      what: 'a stray quote, which spoils its line alone',
      content: 'a,b\n1,2\n5" disk,x\n"q"r,s\n3,4\n',
      rows: [
        { a: '1', b: '2' },
        { a: '3', b: '4' },
      ],
      bad: ['a,b\n5" disk,x', 'a,b\n"q"r,s'],
    },
    {
      what: 'a quote that is never closed, which spoils its line alone',
      content: 'a,b\n1,2\n3,"4\n5,6\n7,8\n',
      rows: [
        { a: '1', b: '2' },
        { a: '5', b: '6' },
        { a: '7', b: '8' },
      ],
      bad: ['a,b\n3,"4'],
    },
    {
      what: 'a row that is not UTF-8',
      content: Buffer.from('a,b\n1,2\n\xff,4\n5,6', 'latin1'),
      rows: [
        { a: '1', b: '2' },
        { a: '5', b: '6' },
      ],
      bad: ['a,b\n\xff,4'],
    },
    {
      what: 'a column without a name, which is left out',
      content: 'a,b,\n1,2,\n3,4,x\n',
      rows: [
        { a: '1', b: '2' },
        { a: '3', b: '4' },
      ],
    },
    {
      what: 'no quotes',
      content: 'a\n5" disk\n"x\n',
      options: { quote: '' },
      rows: [{ a: '5" disk' }, { a: '"x' }],
    },
    {
      what: 'another delimiter and quote, and a title',
      content: "Sales\n'\n\na;b\n';';2\n",
      options: { delimiter: ';', quote: "'", skipLines: 2 },
      rows: [{ a: ';', b: '2' }],
    },
    {
      what: 'backslashes before quotes, as Spark writes them',
      content: 'a,b\n"say \\"hi\\"","1\n2"\nC:\\x,"C:\\\\"\n"\\\\\\"",2\n"a""b",3\n"",5\n"a\\",4\n',
      options: { escape: '\\' },
      rows: [
        { a: 'say "hi"', b: '1\n2' },
        { a: 'C:\\x', b: 'C:\\' },
        { a: '\\"', b: '2' },
        { a: '', b: '5' },
      ],
      bad: ['a,b\n"a""b",3', 'a,b\n"a\\",4'],
    },
    {
      what: 'names from the options',
      content: '1,2\n3\n',
      options: { header: ['x', 'y'] },
      rows: [{ x: '1', y: '2' }],
      bad: ['3'],
    },
    {
      what: 'no names',
      content: '1,2\n3,4\n5\n',
      options: { header: false },
      rows: [
        ['1', '2'],
        ['3', '4'],
      ],
      bad: [],
    },
    {
      what: 'types',
      content:
        'n,i,ok,at,t,other\n' +
        ' 1.5e3 ,9007199254740993,TRUE,2026-11-30 10:00:00,,x\n' +
        ',,,,t,x\n' +
        '-.5,+3,0,2026-11-30T10:00:00+01:00,t,x\n',
      options: {
        columns: { n: 'number', i: 'bigint', ok: 'boolean', at: 'date', t: 'text' },
      },
      rows: [
        {
          n: 1500,
          i: 9007199254740993n,
          ok: true,
          at: new Date('2026-11-30T10:00:00Z'),
          t: '',
        },
        { n: null, i: null, ok: null, at: null, t: 't' },
        { n: -0.5, i: 3n, ok: false, at: new Date('2026-11-30T09:00:00Z'), t: 't' },
      ],
    },
    {
      what: 'times as databases write them',
      content:
        'at\n2026-11-30 10:00:00+02\n2026-11-30 10:00:00.5-03\n2026-11-30T10:00+0230\n' +
        '2026-11-30 10:00:00.123456\n2026-11-30\n2026-11-30+02\n',
      options: { columns: { at: 'date' } },
      rows: [
        { at: new Date('2026-11-30T08:00:00Z') },
        { at: new Date('2026-11-30T13:00:00.500Z') },
        { at: new Date('2026-11-30T07:30:00Z') },
        { at: new Date('2026-11-30T10:00:00.123Z') },
        { at: new Date('2026-11-30T00:00:00Z') },
      ],
      bad: ['at\n2026-11-30+02'],
    },
    {
      what: 'fields that are not of their type',
      content:
        'n,at\n1,2026-11-30\n0x10,2026-11-30\nNaN,2026-11-30\n2,2026-13-01\n3,11/30/2026\n4,\n',
      options: { columns: { n: 'number', at: 'date' } },
      rows: [
        { n: 1, at: new Date('2026-11-30') },
        { n: 4, at: null },
      ],
      bad: [
        'n,at\n0x10,2026-11-30',
        'n,at\nNaN,2026-11-30',
        'n,at\n2,2026-13-01',
        'n,at\n3,11/30/2026',
      ],
    },
    {
      what: 'guessed types',
      content: 'a,b,c,d,e\n1,-2.50,true,007,\n12345678901234567,1e5,TRUE,x,0\n',
      options: { types: 'auto' },
      rows: [
        { a: 1, b: -2.5, c: true, d: '007', e: null },
        { a: '12345678901234567', b: '1e5', c: 'TRUE', d: 'x', e: 0 },
      ],
    },
    {
      what: 'days and numbers that there are not',
      content: 'n,d\n1,2024-02-29\n2,2026-02-29\n3,2026-04-31T10:00:00+02:00\n1e999,\n-1e999,\n',
      options: { columns: { n: 'number', d: 'date' } },
      rows: [{ n: 1, d: new Date('2024-02-29') }],
      bad: ['n,d\n2,2026-02-29', 'n,d\n3,2026-04-31T10:00:00+02:00', 'n,d\n1e999,', 'n,d\n-1e999,'],
    },
  ]
  test.each(rows)('with $what', async ({ content, options, rows: expected = [], bad = [] }) => {
    const found = await read(csv(options), content)
    if (options?.header === false) expect(found.rows).toEqual(expect.arrayContaining([...expected]))
    else expect(found).toEqual({ rows: expected, bad })
  })

  test.each<[what: string, content: string | Buffer, options: CsvOptions, message: RegExp]>([
    ['a stray quote', 'a, "b"\n1,2\n', {}, /header of a CSV file cannot be read/],
    ['other bytes than UTF-8', Buffer.from('a,gr\xf6\n1,2\n', 'latin1'), {}, /not UTF-8/],
    ['a column twice', 'a,b,a\n1,2,3\n', {}, /names the column "a" twice/],
    ['no such column', 'a,b\n1,2\n', { columns: { c: 'text' } }, /no column "c", but "a", "b"/],
  ])('whose header has %s is refused', async (_, content, options, message) => {
    await expect(read(csv(options), content)).rejects.toMatchObject({
      code: 'OBJECT_CORRUPT',
      message: expect.stringMatching(message) as string,
    })
  })

  test.each<[options: object, message: RegExp]>([
    [{ delimiter: ',,' }, /delimiter/],
    [{ delimiter: 'é' }, /delimiter/],
    [{ quote: ',' }, /quote/],
    [{ escape: '' }, /escape/],
    [{ escape: ',' }, /escape/],
    [{ escape: '\\', quote: '' }, /escape/],
    [{ header: ['a', 'a'] }, /header/],
    [{ header: false, columns: { a: 'text' } }, /columns/],
    [{ header: ['a'], columns: { b: 'text' } }, /columns/],
    [{ columns: { a: 'int' } }, /columns/],
    [{ types: 'all' }, /types/],
    [{ skipLines: -1 }, /skipLines/],
  ])('options %j are refused', (options, message) => expect(() => csv(options)).toThrow(message))
})

test('tsv has tabs', async () => {
  expect(await read(tsv(), 'a\tb\n1,2\t"3\t4"\n')).toEqual({
    rows: [{ a: '1,2', b: '3\t4' }],
    bad: [],
  })
})

test('csvRecord decodes single rows', () => {
  const { decode } = csvRecord(['shop', 'price'], { columns: { price: 'number' } })
  expect(decode('north,"1.5"')).toEqual({ price: 1.5 })
  expect(decode({ data: Buffer.from('north,2\r\n') })).toEqual({ price: 2 })
  for (const bad of ['', 'north', 'north,x', 'north,1\nsouth,2'])
    expect(() => decode(bad)).toThrow(expect.objectContaining({ code: 'RECORD_UNREADABLE' }))
})

/** Reads CSV character by character: slow, and with nothing in common with the code under test. */
const rowsByHand = (text: string): readonly (readonly string[])[] => {
  const rows: string[][] = []
  let row: string[] = []
  let field = ''
  let state: 'plain' | 'quoted' | 'closed' = 'plain'
  const endRow = (): void => {
    if (row.length > 0 || field !== '' || state === 'closed') rows.push([...row, field])
    row = []
    field = ''
    state = 'plain'
  }
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] as string
    if (state === 'quoted') {
      if (letter !== '"') field += letter
      else if (text[at + 1] === '"') {
        field += '"'
        at += 1
      } else state = 'closed'
    } else if (letter === '"') state = 'quoted'
    else if (letter === ',') {
      row.push(field)
      field = ''
      state = 'plain'
    } else if (letter === '\n' || letter === '\r') {
      if (letter === '\r' && text[at + 1] === '\n') at += 1
      endRow()
    } else field += letter
  }
  endRow()
  return rows
}

const field = fc.oneof(
  fc.stringMatching(/^[a-z0-9é€ ]{0,6}$/),
  fc
    .array(fc.constantFrom('a', ',', '\n', '\r\n', '\r', '""'), { maxLength: 8 })
    .map((letters) => `"${letters.join('')}"`),
)
const table = fc
  .record({
    rows: fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,3}$/), field, field), { maxLength: 40 }),
    ends: fc.constantFrom('\n', '\r\n', '\r'),
    isEnded: fc.boolean(),
  })
  .map(
    ({ rows, ends, isEnded }) =>
      [['x', 'y', 'z'], ...rows].map((row) => row.join(',')).join(ends) + (isEnded ? ends : ''),
  )

test('parts of any size have all rows, each of them once, in any order of reading', async () => {
  await fc.assert(
    fc.asyncProperty(table, fc.integer({ min: 1, max: 50 }), fc.nat(), async (text, size, seed) => {
      const [, ...expected] = rowsByHand(text)
      const objects = expected.map(([x, y, z]) => ({ x, y, z }))
      const bytes = Buffer.from(text)
      expect(await read(csv(), bytes, size)).toEqual({ rows: objects, bad: [] })
      const parts = await readingOf(csv()).open(fileOf(bytes, size))
      const order = [...parts.keys()].toSorted((a, b) => ((a * seed) % 7) - ((b * seed) % 7))
      const found: (readonly unknown[])[] = []
      for (const index of order) found[index] = await (parts[index]?.read() ?? [])
      expect(found.flat()).toEqual(objects)
    }),
  )
})

const ROWS = ['1,2', '1', '1,2,3', '"1",2', '"1"x,2', '1"x,2', '1,2"', '"a""b",2', '""', ',', 'x,é']

test('a row is good or bad whatever the others are', async () => {
  const some = fc.array(fc.constantFrom(...ROWS, Buffer.of(0xff, 0x2c, 0x31)), { maxLength: 12 })
  const options = fc.constantFrom<CsvOptions>(
    {},
    { allowShort: true },
    { header: false },
    { header: ['x', 'y'] },
    { columns: { a: 'number' } },
    { types: 'auto' },
    { quote: '' },
  )
  await fc.assert(
    fc.asyncProperty(some, options, async (rows, given) => {
      const first = given.header === undefined ? [Buffer.from('a,b\n')] : []
      const of = (all: readonly (string | Buffer)[]) =>
        read(
          csv(given),
          Buffer.concat([
            ...first,
            ...all.flatMap((row) => [Buffer.from(row as string), Buffer.from('\n')]),
          ]),
        )
      const alone = await Promise.all(rows.map(async (row) => of([row])))
      expect(await of(rows)).toEqual({
        rows: alone.flatMap((one) => one.rows),
        bad: alone.flatMap((one) => one.bad),
      })
    }),
  )
})

test('rows of all kinds in several pieces', async () => {
  const recordsOf = async (rows: string): Promise<readonly unknown[]> => {
    const [part] = await readingOf(csv()).open(fileOf(Buffer.from(`a,b\n${rows}`)))
    return part?.read() ?? []
  }
  for (const some of [['"1",2'], ['1', '1,2,3'], ROWS]) {
    const rows = `${some.join('\n')}\n`
    const ofEach = await Promise.all(some.map(async (row) => recordsOf(`${row}\n`)))
    const times = Math.ceil(80_000 / rows.length)
    const expected = Array.from({ length: times }, () => ofEach.flat()).flat()
    expect(isDeepStrictEqual(await recordsOf(rows.repeat(times)), expected)).toBe(true)
  }
})

test.each([
  ['of good rows is parsed once', '', 1],
  ['is parsed once but for the rows around a bad one', '1,2,3\n', 1.3],
  ['in which all rows are bad in the same way is parsed once', undefined, 1],
])('a file %s', async (_, bad, most) => {
  const row = bad === undefined ? `${'x'.repeat(40)},y,z\n` : `${'x'.repeat(40)},y\n`
  const half = row.repeat(12_000)
  const bytes = Buffer.from(`a,b\n${half}${bad ?? ''}${half}`)
  const [part] = await readingOf(csv()).open(fileOf(bytes))
  using parse = vi.spyOn(csvLibrary as Required<typeof csvLibrary>, 'parse')
  const records = await part?.read()
  const parsed = parse.mock.calls.reduce((total, [some]) => total + some.length, 0)
  expect(records).toHaveLength(24_000 + (bad === '1,2,3\n' ? 1 : 0))
  expect(parsed).toBeGreaterThan(0.99 * bytes.length)
  expect(parsed).toBeLessThanOrEqual(most * bytes.length)
})

test('a number is what its pattern says, not all that the engine takes for one', async () => {
  const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
  const letters = fc.constantFrom(...'0123456789.+-eExXoObB_n '.split(''), 'Infinity', 'NaN')
  const text = fc.oneof(
    fc.string({ unit: letters, minLength: 1, maxLength: 5 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1 }), async (texts) => {
      const { rows } = await read(csv({ columns: { n: 'number' } }), `n,x\n${texts.join(',\n')},\n`)
      const given = texts.map((one) => one.trim())
      const expected = given
        .filter((one) => one === '' || NUMBER.test(one))
        .map((one) => ({ n: one === '' ? null : Number(one) }))
      expect(rows).toEqual(expected.filter(({ n }) => n === null || Number.isFinite(n)))
    }),
    { numRuns: 300 },
  )
})

test('parts that are read in order read the file once', async () => {
  const line = `${'x'.repeat(20)},"${'y'.repeat(20)}"\n`
  const bytes = Buffer.from(`a,b\n${line.repeat(50_000)}`)
  const file = fileOf(bytes, 256 * 1024)
  for (const part of await readingOf(csv()).open(file)) await part.read()
  const total = file.reads.reduce((sum, [from, to]) => sum + to - from, 0)
  expect(total).toBeLessThan(1.4 * bytes.length)
  expect(file.reads.length).toBeLessThanOrEqual(Math.ceil(bytes.length / (256 * 1024)) + 1)
})

test('a quote that is never closed costs no more than the largest row', async () => {
  const bytes = Buffer.from(`a,b\n1,"2\n${`3,${'4'.repeat(400)}\n`.repeat(30_000)}`)
  const { rows, bad } = await read(csv(), bytes)
  expect({ rows: rows.length, bad }).toEqual({ rows: 30_000, bad: ['a,b\n1,"2'] })
})

const LETTERS = ['a', 'é', '"', ',', '\n', '\r', ' ', '€', '\\']

describe('written', () => {
  const written = (elements: readonly unknown[], options: CsvOptions = {}): string =>
    Buffer.from(csv(options).writing?.encode(elements) ?? []).toString()

  test.each<[what: string, elements: readonly unknown[], options: CsvOptions, text: string]>([
    [
      'values of all kinds',
      [{ t: 'a', n: 1.5, b: 2n, ok: true, at: new Date(0) }, { t: null }],
      {},
      't,n,b,ok,at\na,1.5,2,true,1970-01-01T00:00:00.000Z\n,,,,\n',
    ],
    [
      'what needs quotes',
      [
        { a: 'x,y', b: 'say "hi"' },
        { a: 'two\nlines', b: ' space' },
      ],
      {},
      'a,b\n"x,y","say ""hi"""\n"two\nlines"," space"\n',
    ],
    [
      'columns in their order',
      [{ b: 1, a: 2, c: 3 }],
      { columns: { a: 'number', b: 'number' } },
      'a,b\n2,1\n',
    ],
    ['no header', [['x', 1], []], { header: false }, 'x,1\n""\n'],
    ['a row that is empty', [{ a: '' }], {}, 'a\n""\n'],
    [
      'columns with names that objects inherit',
      [{ constructor: 'Lotus', toString: 1 }, { points: 2 }],
      {},
      'constructor,toString,points\nLotus,1,\n,,2\n',
    ],
  ])('%s', (_, elements, options, text) => expect(written(elements, options)).toBe(text))

  test.each<[elements: readonly unknown[], options: CsvOptions]>([
    [[1], {}],
    [[{}, {}], {}],
    [[{ a: [1] }], {}],
    [[{ a: 'x' }, { a: '\ud800' }], {}],
    [[{ a: 'x' }], { header: false }],
    [[{ a: 'x,y' }], { quote: '' }],
    [[{ a: 'x' }, { a: '' }], { quote: '' }],
    [[[]], { quote: '', header: false }],
  ])('%j is refused', (elements, options) =>
    expect(() => written(elements, options)).toThrow(
      expect.objectContaining({ code: 'VALUE_UNSUPPORTED' }),
    ),
  )

  test('and read again, rows are the same', async () => {
    const text = fc.string({ unit: fc.constantFrom(...LETTERS) })
    const sizes = fc.integer({ min: 1, max: 60 })
    const rows = fc.array(
      fc.record({
        a: text,
        b: text,
        n: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
      }),
      { minLength: 1 },
    )
    await fc.assert(
      fc.asyncProperty(rows, sizes, fc.constantFrom('"', '\\'), async (elements, size, escape) => {
        const format = csv({ columns: { a: 'text', b: 'text', n: 'number' }, escape })
        const bytes = format.writing?.encode(elements) ?? new Uint8Array()
        expect(await read(format, bytes, size)).toEqual({ rows: elements, bad: [] })
      }),
    )
  })
})
