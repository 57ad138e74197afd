/** The same table in each format, read by its library alone and by ours. */
import avsc from 'avsc'
import { parse } from 'csv-parse/sync'
import { parquetReadObjects } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import type { FileFormat } from 'millrace/formats'
import { jsonLines } from 'millrace/formats'
import { avro } from 'millrace/formats/avro'
import { csv } from 'millrace/formats/csv'
import { parquet } from 'millrace/formats/parquet'
import { inflateRawSync } from 'node:zlib'
import { linePieces, asBuffer } from '../../lib/formats/text-lines.ts'

/** One row of the table. */
export interface Sale {
  readonly id: string
  readonly shop: string
  readonly price: number
  readonly note: string
}

/** Two ways to do the same. Each gives the number of rows. */
export interface Contest {
  readonly name: string
  readonly bytes: number
  readonly alone: () => Promise<number> | number
  readonly ours: () => Promise<number> | number
}

const NOTES = ['', 'two for one', 'with a "voucher"', 'a gift, wrapped']
const SHOPS = ['north', 'harbour', 'station', 'market']

/** Rows that are the same in each run. */
export const salesOf = (count: number): readonly Sale[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `sale-${index}`,
    shop: SHOPS[index % SHOPS.length] as string,
    price: (index % 10_000) / 100,
    note: NOTES[(index * 7) % NOTES.length] as string,
  }))

const PART_BYTES = 4 * 1024 * 1024

/** Reads a file that is in memory, in parts, as the runtime does. */
const read = async ({ reading }: FileFormat<unknown>, bytes: Uint8Array): Promise<number> => {
  if (reading === undefined) return 0
  let rows = 0
  if (reading.shape === 'lines') {
    for (let from = 0; from < bytes.length;) {
      const near = Math.min(from + PART_BYTES, bytes.length)
      const end = bytes.indexOf(0x0a, near - 1) + 1 || bytes.length
      for (const lines of linePieces(asBuffer(bytes.subarray(from, end))))
        for (const line of lines)
          if (/\S/.test(line)) {
            reading.decode(line)
            rows += 1
          }
      from = end
    }
    return rows
  }
  await reading.prepare?.()
  const file = {
    name: 'sales',
    sizeBytes: bytes.length,
    partBytes: PART_BYTES,
    read: async (from: number, to: number) => bytes.subarray(from, to),
  }
  for (const part of await reading.open(file))
    for (const record of await part.read()) {
      reading.decode?.(record)
      rows += 1
    }
  return rows
}

const written = async ({ writing }: FileFormat<unknown>, rows: readonly Sale[]) => {
  await writing?.prepare?.()
  return writing?.encode(rows) ?? new Uint8Array()
}

const SCHEMA = {
  type: 'record' as const,
  name: 'Sale',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'shop', type: 'string' },
    { name: 'price', type: 'double' },
    { name: 'note', type: 'string' },
  ],
}

/** Blocks of a file, whose places the library would find in a stream. */
const avroAlone = (bytes: Buffer): number => {
  const type = avsc.Type.forSchema(SCHEMA)
  const long = avsc.Type.forSchema('long')
  const header = avsc.Type.forSchema({
    type: 'record',
    name: 'Header',
    fields: [
      { name: 'magic', type: { type: 'fixed', name: 'Magic', size: 4 } },
      { name: 'meta', type: { type: 'map', values: 'bytes' } },
      { name: 'sync', type: { type: 'fixed', name: 'Sync', size: 16 } },
    ],
  })
  let rows = 0
  for (let at = header.decode(bytes).offset; at < bytes.length;) {
    const count = long.decode(bytes, at) as { value: number; offset: number }
    const size = long.decode(bytes, count.offset) as { value: number; offset: number }
    const content = inflateRawSync(bytes.subarray(size.offset, size.offset + size.value))
    for (let place = 0; place < content.length; rows++) place = type.decode(content, place).offset
    at = size.offset + size.value + 16
  }
  return rows
}

const jsonAlone = (bytes: Uint8Array): number => {
  let rows = 0
  for (const line of Buffer.from(bytes).toString().split('\n'))
    if (line !== '') {
      JSON.parse(line)
      rows += 1
    }
  return rows
}

const parquetAlone = async (bytes: Uint8Array): Promise<number> => {
  const file = new Uint8Array(bytes).buffer as ArrayBuffer
  return (await parquetReadObjects({ file })).length
}

const columnsAlone = (rows: readonly Sale[]): number => {
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
  return parquetWriteBuffer({ columnData }).byteLength > 0 ? rows.length : 0
}

const linesAlone = (rows: readonly Sale[]): number =>
  Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join('')).length > 0 ? rows.length : 0

/** All contests over some rows. */
export const contests = async (rows: readonly Sale[]): Promise<readonly Contest[]> => {
  const formats = { json: jsonLines(), csv: csv(), parquet: parquet() }
  const typed = csv({ columns: { id: 'text', shop: 'text', price: 'number', note: 'text' } })
  const blocks = avro({ schema: SCHEMA })
  const json = await written(formats.json, rows)
  const text = await written(formats.csv, rows)
  const groups = await written(formats.parquet, rows)
  const records = Buffer.from(await written(blocks, rows))
  const csvAlone = (): number => parse(Buffer.from(text), { columns: true }).length
  const write = async (format: FileFormat<unknown>): Promise<number> =>
    (await written(format, rows)).length > 0 ? rows.length : 0
  return [
    {
      name: 'json lines, read',
      bytes: json.length,
      alone: () => jsonAlone(json),
      ours: async () => read(formats.json, json),
    },
    {
      name: 'csv, read',
      bytes: text.length,
      alone: csvAlone,
      ours: async () => read(formats.csv, text),
    },
    {
      name: 'csv with types, read',
      bytes: text.length,
      alone: csvAlone,
      ours: async () => read(typed, text),
    },
    {
      name: 'parquet, read',
      bytes: groups.length,
      alone: async () => parquetAlone(groups),
      ours: async () => read(formats.parquet, groups),
    },
    {
      name: 'avro, read',
      bytes: records.length,
      alone: () => avroAlone(records),
      ours: async () => read(blocks, records),
    },
    {
      name: 'json lines, written',
      bytes: json.length,
      alone: () => linesAlone(rows),
      ours: async () => write(formats.json),
    },
    {
      name: 'parquet, written',
      bytes: groups.length,
      alone: () => columnsAlone(rows),
      ours: async () => write(formats.parquet),
    },
  ]
}
