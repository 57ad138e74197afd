/**
 * What a program does that uses a library by itself, to get the same values. Nothing is copied that
 * need not be. `see` takes each row.
 */
import avsc from 'avsc'
import { parse } from 'csv-parse/sync'
import { parquetReadObjects } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { type Sale, SCHEMA, type See } from './sales.ts'

type Fields = Record<string, string>

/** JSON lines. */
export const jsonRead =
  (bytes: Buffer) =>
  (see: See): void => {
    for (const line of bytes.toString().split('\n')) if (line !== '') see(JSON.parse(line))
  }

/** JSON lines. */
export const jsonWritten = (rows: readonly Sale[]) => (): Buffer =>
  Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))

/** CSV with a header, as texts. */
export const csvRead =
  (bytes: Buffer) =>
  (see: See): void => {
    for (const row of parse(bytes, { columns: true })) see(row)
  }

/** CSV with a header. Numbers are not checked. */
export const csvTypedRead =
  (bytes: Buffer) =>
  (see: See): void => {
    for (const row of parse<Fields>(bytes, { columns: true })) {
      const { price = '' } = row
      const typed: Record<string, unknown> = row
      typed['price'] = price === '' ? null : Number(price)
      see(row)
    }
  }

/** Texts of one row each. */
export const csvRecordsRead =
  (records: readonly string[]) =>
  (see: See): void => {
    for (const record of records)
      see(parse(record, { columns: ['id', 'shop', 'price', 'note'] })[0])
  }

/** A file of Parquet. */
export const parquetRead = (bytes: Uint8Array): ((see: See) => Promise<void>) => {
  const file = new Uint8Array(bytes).buffer as ArrayBuffer
  return async (see) => {
    for (const row of await parquetReadObjects({ file })) see(row)
  }
}

/** A file of Parquet. */
export const parquetWritten = (rows: readonly Sale[]) => (): Uint8Array => {
  const columnOf = (name: keyof Sale, type: 'STRING' | 'DOUBLE') => ({
    name,
    type,
    data: rows.map((row) => row[name]),
    nullable: true,
  })
  const columnData = [
    columnOf('id', 'STRING'),
    columnOf('shop', 'STRING'),
    columnOf('price', 'DOUBLE'),
    columnOf('note', 'STRING'),
  ]
  return new Uint8Array(parquetWriteBuffer({ columnData }))
}

const HEADER = avsc.Type.forSchema({
  type: 'record',
  name: 'Header',
  fields: [
    { name: 'magic', type: { type: 'fixed', name: 'Magic', size: 4 } },
    { name: 'meta', type: { type: 'map', values: 'bytes' } },
    { name: 'sync', type: { type: 'fixed', name: 'Sync', size: 16 } },
  ],
})
const LONG = avsc.Type.forSchema('long')
const SYNC = Buffer.alloc(16, 7)

/** Blocks of a file, whose places the library would find in a stream. */
export const avroRead =
  (bytes: Buffer) =>
  (see: See): void => {
    const type = avsc.Type.forSchema(SCHEMA)
    for (let at = HEADER.decode(bytes).offset; at < bytes.length;) {
      const count = LONG.decode(bytes, at) as { value: number; offset: number }
      const size = LONG.decode(bytes, count.offset) as { value: number; offset: number }
      const content = inflateRawSync(bytes.subarray(size.offset, size.offset + size.value))
      for (let place = 0; place < content.length;) {
        const { value, offset } = type.decode(content, place) as { value: unknown; offset: number }
        see(value)
        place = offset
      }
      at = size.offset + size.value + 16
    }
  }

/** A file in blocks of 1,000, as the library's stream writes it. */
export const avroWritten = (rows: readonly Sale[]) => (): Buffer => {
  const type = avsc.Type.forSchema(SCHEMA)
  const meta = {
    'avro.schema': Buffer.from(JSON.stringify(SCHEMA)),
    'avro.codec': Buffer.from('deflate'),
  }
  const pieces = [HEADER.toBuffer({ magic: Buffer.from('Obj\x01'), meta, sync: SYNC })]
  for (let from = 0; from < rows.length; from += 1_000) {
    const some = rows.slice(from, from + 1_000)
    const data = deflateRawSync(Buffer.concat(some.map((row) => type.toBuffer(row))))
    pieces.push(LONG.toBuffer(some.length), LONG.toBuffer(data.length), data, SYNC)
  }
  return Buffer.concat(pieces)
}

/** Records of one value each, without a header. */
export const avroRecordsRead = (records: readonly Buffer[]): ((see: See) => void) => {
  const type = avsc.Type.forSchema(SCHEMA)
  return (see) => {
    for (const record of records) see(type.fromBuffer(record))
  }
}

/** Each row as a record of its own. */
export const avroRecords = (rows: readonly Sale[]): readonly Buffer[] => {
  const type = avsc.Type.forSchema(SCHEMA)
  return rows.map((row) => type.toBuffer(row))
}
