/** Avro files that fastavro has written, in parts of any size, and files written and read again. */
import avsc from 'avsc'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { avro, type AvroOptions, avroRecord } from '../../../lib/formats/avro/avro.ts'
import { avroFile } from '../../../lib/formats/avro/blocks.ts'
import type { AvroSchema } from '../../../lib/formats/avro/schema.ts'
import type { FileFormat, PartReading } from '../../../lib/formats/file-format.ts'

const readingOf = (format: FileFormat<unknown>): PartReading<unknown> =>
  format.reading as PartReading<unknown>

beforeAll(async () => readingOf(avro()).prepare?.())

const fixture = (codec: string): Uint8Array =>
  readFileSync(join(import.meta.dirname, 'fixtures', `${codec}.avro`))

const open = async (bytes: Uint8Array, partBytes: number, options: AvroOptions = {}) => {
  const reads: number[] = []
  const parts = await readingOf(avro(options)).open({
    name: 'a.avro',
    sizeBytes: bytes.length,
    partBytes,
    read: async (from, to) => {
      reads.push(to - from)
      return bytes.subarray(from, to)
    },
  })
  return { parts, reads }
}

const rowsOf = async (
  bytes: Uint8Array,
  partBytes = 4 * 1024 * 1024,
  options: AvroOptions = {},
): Promise<readonly unknown[]> => {
  const { parts } = await open(bytes, partBytes, options)
  return (await Promise.all(parts.map(async (part) => part.read()))).flat()
}

const rowAt = (n: number): object => ({
  n,
  text: n === 3 ? null : `é${n}`,
  at: new Date('2026-11-30T10:00:00.123Z'),
  day: new Date('2026-11-30'),
  tags: Array.from({ length: n % 3 }, () => 'x'),
  by: { a: n / 2 },
  bytes: Uint8Array.of(255, n % 256),
  kind: n % 2 === 0 ? 'A' : 'B',
})
const rows = Array.from({ length: 200 }, (_, n) => rowAt(n))

describe.each(['null', 'deflate', 'snappy', 'zstandard'])('compressed with %s', (codec) => {
  test.each([4 * 1024 * 1024, 1_000, 100, 17, 1])('in parts of %d bytes', async (partBytes) => {
    const found = await rowsOf(fixture(codec), partBytes)
    expect(found).toEqual(rows)
    expect(Object.getPrototypeOf(found[0])).toBe(Object.prototype)
  })
})

test('parts are read in few requests, and each byte about once', async () => {
  const bytes = fixture('null')
  const { parts, reads } = await open(bytes, 2_500)
  for (const part of parts) await part.read()
  expect(reads.length).toBeLessThan(1 + 4 * parts.length)
  expect(reads.reduce((a, b) => a + b, 0)).toBeLessThan(3 * bytes.length)
})

test('longs are bigints if that is asked for', async () => {
  const [first] = await rowsOf(fixture('null'), undefined, { bigints: true })
  expect(first).toMatchObject({ n: 0n, at: new Date('2026-11-30T10:00:00.123Z') })
})

describe('a file that is not readable', () => {
  const damaged = (at: number): Uint8Array =>
    new Uint8Array(fixture('deflate')).fill(0xee, at, at + 40)
  test.each<[what: string, bytes: () => Uint8Array, message: RegExp]>([
    ['empty', () => new Uint8Array(), /does not end/],
    ['no Avro', () => Buffer.from('id,name\n1,a\n'), /no Avro file/],
    ['cut off in its header', () => fixture('null').subarray(0, 300), /does not end/],
    ['cut off in a block', () => fixture('null').subarray(0, -30), /damaged/],
    ['damaged', () => damaged(1_200), /damaged/],
    ['compressed in another way', () => fixture('bzip2'), /bzip2, which is not read/],
  ])('%s', async (_, bytes, message) => {
    await expect(rowsOf(bytes())).rejects.toMatchObject({
      code: 'OBJECT_CORRUPT',
      message: expect.stringMatching(message) as string,
    })
  })
})

const schema = {
  type: 'record',
  name: 'Row',
  fields: [
    { name: 'text', type: ['null', 'string'] },
    { name: 'n', type: 'double' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'bytes', type: 'bytes' },
    { name: 'more', type: { type: 'array', items: { type: 'map', values: 'long' } } },
  ],
}

test('written and read again, rows are the same', async () => {
  const format = avro({ schema })
  await format.writing?.prepare?.()
  const row = fc.record({
    text: fc.option(fc.string({ unit: 'grapheme' })),
    n: fc.double({ noNaN: true }),
    at: fc.date({ noInvalidDate: true }),
    bytes: fc.uint8Array({ maxLength: 8 }),
    more: fc.array(
      fc.dictionary(fc.stringMatching(/^[a-z]$/), fc.maxSafeInteger(), { noNullPrototype: true }),
    ),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 30 }),
      fc.integer({ min: 1 }),
      async (all, size) => {
        const bytes = format.writing?.encode(all) ?? new Uint8Array()
        expect(await rowsOf(bytes, Math.max(size % 500, 40))).toEqual(all)
        expect(format.writing?.encode(all)).toEqual(bytes)
      },
    ),
  )
})

describe('a schema as others write it', () => {
  const text = (value: string): Buffer =>
    Buffer.concat([Buffer.of(2 * value.length), Buffer.from(value)])
  const long = (value: bigint): Buffer => {
    const bytes: number[] = []
    let rest = value < 0n ? -2n * value - 1n : 2n * value
    for (; rest >= 0x80n; rest /= 128n) bytes.push(Number(rest % 128n) | 0x80)
    return Buffer.from([...bytes, Number(rest)])
  }
  const micros = { type: 'long', logicalType: 'timestamp-micros' }
  const days = { type: 'string', logicalType: 'date' }

  test.each<[what: string, field: object, bytes: Buffer, value: unknown]>([
    [
      'a default that is not of the first branch',
      { type: ['string', 'null'], default: null },
      Buffer.of(2),
      null,
    ],
    [
      'a default that is of no branch',
      { type: ['null', 'string'], default: 1 },
      Buffer.of(0),
      null,
    ],
    ['a default of another type', { type: 'int', default: 'none' }, Buffer.of(14), 7],
    [
      'a default in a list',
      {
        type: {
          type: 'array',
          items: { type: 'record', name: 'B', fields: [{ name: 'x', type: 'int', default: '' }] },
        },
      },
      Buffer.of(2, 4, 0),
      [{ x: 2 }],
    ],
    [
      'names that the library refuses',
      {
        type: {
          type: 'record',
          name: 'N',
          namespace: 'my-shop.2',
          fields: [{ name: 'next', type: ['null', 'my-shop.2.N', { type: 'map', values: 'N' }] }],
        },
      },
      Buffer.of(0),
      { next: null },
    ],
    [
      'the end of all times in microseconds',
      { type: micros },
      long(253_402_214_400_000_000n),
      new Date('9999-12-31'),
    ],
    [
      'the first day in microseconds',
      { type: ['null', micros] },
      Buffer.concat([Buffer.of(2), long(-62_135_596_800_000_000n)]),
      new Date('0001-01-01'),
    ],
    [
      'nanoseconds',
      { type: { ...micros, logicalType: 'timestamp-nanos' } },
      long(1_764_497_445_123_000_000n),
      new Date(1_764_497_445_123),
    ],
    ['a logical type that is not for the type', { type: days }, text('x'), 'x'],
  ])('%s', async (_, field, bytes, value) => {
    const given = { type: 'record', name: 'A', fields: [{ name: 'a', ...field }] }
    const { prepare, decode } = avroRecord(given)
    await prepare?.()
    expect(decode(bytes)).toEqual({ a: value })
    const records = Buffer.concat([bytes, bytes])
    const file = avroFile([{ count: 2, records }], JSON.stringify(given), Buffer.alloc(16, 7))
    expect(await rowsOf(file)).toEqual([{ a: value }, { a: value }])
  })
})

test('times beyond 2^53 microseconds are written and read again', async () => {
  const rows = ['0001-01-01', '1969-12-31T23:59:59.999Z', '9999-12-31'].map((at) => ({
    at: new Date(at),
  }))
  for (const unit of ['timestamp-micros', 'local-timestamp-micros', 'timestamp-millis']) {
    const fields = [{ name: 'at', type: { type: 'long', logicalType: unit } }]
    const { writing } = avro({ schema: { type: 'record', name: 'A', fields } })
    await writing?.prepare?.()
    expect(await rowsOf(writing?.encode(rows) ?? new Uint8Array())).toEqual(rows)
    expect(() => writing?.encode([{ at: new Date(Number.NaN) }])).toThrow(/does not fit/)
  }
})

test.each<[AvroSchema, readonly unknown[]]>([
  ['string', ['a', 'é']],
  ['"string"', ['a', 'é']],
  [{ type: 'string' }, ['a', 'é']],
  [{ type: 'map', values: 'int' }, [{ a: 1 }, {}]],
  [
    ['null', 'int', 'string'],
    [null, 1, 'x'],
  ],
])('files of %j have no records', async (one, values) => {
  const { writing } = avro({ schema: one })
  await writing?.prepare?.()
  const bytes = writing?.encode(values) ?? new Uint8Array()
  expect(Buffer.from(bytes).toString('latin1')).not.toContain('avro.schema\fstring')
  expect(await rowsOf(bytes)).toEqual(values)
})

test('a file of texts of another program', async () => {
  // As fastavro writes it.
  const file =
    '4f626a010414 6176726f2e636f646563 08 6e756c6c 16 6176726f2e736368656d61 10 22737472696e6722' +
    '00 3ffb0b934cab26da96ad5177883c2ef9 04 08 0261 0262 3ffb0b934cab26da96ad5177883c2ef9'
  expect(await rowsOf(Buffer.from(file.replaceAll(' ', ''), 'hex'))).toEqual(['a', 'b'])
})

test('records without bytes are read, up to a million in a part', async () => {
  const block = { count: 600_000, records: Buffer.alloc(0) }
  const fileOf = (blocks: number): Uint8Array =>
    avroFile(Array<typeof block>(blocks).fill(block), '"null"', Buffer.alloc(16, 7))
  expect((await rowsOf(fileOf(1))).length).toBe(600_000)
  await expect(rowsOf(fileOf(2))).rejects.toThrow(/damaged/)
})

test('files of one schema share its type', async () => {
  const format = avro()
  const bytes = fixture('null')
  const file = {
    name: 'a.avro',
    sizeBytes: bytes.length,
    partBytes: 1_000,
    read: async (from: number, to: number) => bytes.subarray(from, to),
  }
  const rowsAgain = async (): Promise<readonly unknown[]> => {
    const parts = await readingOf(format).open(file)
    return (await Promise.all(parts.map(async (part) => part.read()))).flat()
  }
  const found = await rowsAgain()
  using forSchema = vi.spyOn(avsc.Type, 'forSchema')
  expect(await rowsAgain()).toEqual(found)
  expect(forSchema).not.toHaveBeenCalled()
  expect(await rowsOf(bytes)).toEqual(found)
  expect(forSchema).toHaveBeenCalled()
})

test.each<[what: string, row: object]>([
  ['a field of another type', { text: 1 }],
  ['half of a character', { text: 'a\ud800' }],
])('%s is refused', async (_, row) => {
  const { writing } = avro({ schema })
  await writing?.prepare?.()
  const whole = { text: 'x', n: 1, at: new Date(0), bytes: new Uint8Array(), more: [] }
  expect(writing?.encode([whole])).toBeDefined()
  expect(() => writing?.encode([{ ...whole, ...row }])).toThrow(
    expect.objectContaining({ code: 'VALUE_UNSUPPORTED' }),
  )
})

describe('avroRecord', () => {
  const { prepare, decode } = avroRecord({
    type: 'record',
    name: 'A',
    fields: [{ name: 'n', type: 'int' }],
  })
  beforeAll(async () => prepare?.())
  test('decodes single values', () => {
    expect(decode(Uint8Array.of(14))).toEqual({ n: 7 })
    expect(decode({ data: Uint8Array.of(1) })).toEqual({ n: -1 })
  })
  test.each([Uint8Array.of(), Uint8Array.of(14, 0), Uint8Array.of(0x80)])('refuses %o', (bytes) =>
    expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 'RECORD_UNREADABLE' })),
  )
  test.each<[type: AvroSchema]>([
    [{ type: 'array', items: 'string' }],
    [{ type: 'array', items: 'null' }],
    [{ type: 'map', values: 'long' }],
    [{ type: 'array', items: { type: 'map', values: 'string' } }],
  ])('refuses more items of %j than there are bytes', async (type) => {
    const format = avroRecord(type)
    await format.prepare?.()
    // 2^31 - 1, and the same with a size.
    for (const bytes of ['feffffff0f', 'fdffffff0f02'])
      expect(() => format.decode(Buffer.from(bytes, 'hex'))).toThrow(/RECORD_UNREADABLE/)
  })
  test.each<[what: string, type: AvroSchema, bytes: string]>([
    ['in several blocks', { type: 'array', items: 'null' }, '80897a'.repeat(2)],
    [
      'in several lists',
      { type: 'array', items: { type: 'array', items: 'null' } },
      `04${'80897a00'.repeat(2)}`,
    ],
  ])('refuses items without bytes %s', async (_, type, bytes) => {
    const format = avroRecord(type)
    await format.prepare?.()
    // 1,000,000 items, and as many again.
    expect(() => format.decode(Buffer.from(`${bytes}00`, 'hex'))).toThrow(/RECORD_UNREADABLE/)
  })
  test('keeps a key that means something to objects', async () => {
    const format = avroRecord<object>({ type: 'map', values: 'int' })
    await format.prepare?.()
    const text = Buffer.from('__proto__')
    const bytes = Buffer.concat([Buffer.of(2, 18), text, Buffer.of(14, 0)])
    expect(Object.entries(format.decode(bytes))).toEqual([['__proto__', 7]])
  })
  test('a schema that is none is refused', async () =>
    expect(avroRecord({ type: 'recrod' }).prepare?.()).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
    }))
})
