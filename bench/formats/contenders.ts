/** The same table in each format, read and written by its library alone and by ours. */
import type { FileFormat, RecordFormat } from 'millrace/formats'
import { jsonLines } from 'millrace/formats'
import { avro, avroRecord } from 'millrace/formats/avro'
import { csv, csvRecord } from 'millrace/formats/csv'
import { parquet } from 'millrace/formats/parquet'
import { asBuffer, isNotBlank, linePieces } from '../../lib/formats/text-lines.ts'
import * as alone from './alone.ts'
import { type Sale, SCHEMA, type See } from './sales.ts'

/** Two ways to do the same. */
export interface Contest {
  readonly name: string
  readonly bytes: number
  /** How often each calls `see`. */
  readonly sees: number
  /** What is written is seen once, as bytes. */
  readonly alone: (see: See) => Promise<void> | void
  readonly ours: (see: See) => Promise<void> | void
  /** The rows that were seen. Left out: what was seen. */
  readonly rowsIn?: (seen: readonly unknown[]) => Promise<readonly unknown[]>
}

const PART_BYTES = 4 * 1024 * 1024

/** Reads a file that is in memory, in parts, as the runtime does. */
const read =
  ({ reading }: FileFormat<unknown>, bytes: Uint8Array) =>
  async (see: See): Promise<void> => {
    if (reading === undefined) return
    if (reading.shape === 'lines') {
      for (let from = 0; from < bytes.length;) {
        const near = Math.min(from + PART_BYTES, bytes.length)
        const end = bytes.indexOf(0x0a, near - 1) + 1 || bytes.length
        for (const lines of linePieces(asBuffer(bytes.subarray(from, end))))
          for (const line of lines) if (isNotBlank(line)) see(reading.decode(line))
        from = end
      }
      return
    }
    await reading.prepare?.()
    const { decode = (record: unknown): unknown => record } = reading
    const file = {
      name: 'sales',
      sizeBytes: bytes.length,
      partBytes: PART_BYTES,
      read: async (from: number, to: number) => bytes.subarray(from, to),
    }
    for (const part of await reading.open(file))
      for (const record of await part.read()) see(decode(record))
  }

const decoded =
  <T extends string | Uint8Array>(
    { prepare, decode }: RecordFormat<unknown>,
    records: readonly T[],
  ) =>
  async (see: See): Promise<void> => {
    await prepare?.()
    for (const record of records) see(decode(record))
  }

const written = async ({ writing }: FileFormat<unknown>, rows: readonly Sale[]) => {
  await writing?.prepare?.()
  return writing?.encode(rows) ?? new Uint8Array()
}

/** A contest of writers. Both files are read by ours to compare them. */
const writers = (
  name: string,
  format: FileFormat<unknown>,
  given: { readonly rows: readonly Sale[]; readonly bytes: number; readonly by: () => Uint8Array },
): Contest => ({
  name: `${name}, written`,
  bytes: given.bytes,
  sees: 1,
  alone: (see) => see(given.by()),
  ours: async (see) => see(await written(format, given.rows)),
  rowsIn: async ([file]) => {
    const rows: unknown[] = []
    await read(format, file as Uint8Array)((row) => rows.push(row))
    return rows
  },
})

const TYPES = { id: 'text', shop: 'text', price: 'number', note: 'text' } as const

/** All contests over some rows. */
export const contests = async (rows: readonly Sale[]): Promise<readonly Contest[]> => {
  const formats = { json: jsonLines(), csv: csv(), parquet: parquet() }
  const blocks = avro({ schema: SCHEMA })
  const json = asBuffer(await written(formats.json, rows))
  const text = asBuffer(await written(formats.csv, rows))
  const groups = asBuffer(await written(formats.parquet, rows))
  const records = asBuffer(await written(blocks, rows))
  const texts = rows.map((row) =>
    Buffer.from(csv({ header: false }).writing?.encode([Object.values(row)]) ?? []).toString(),
  )
  const values = alone.avroRecords(rows)
  const readers = (name: string, bytes: number, run: Pick<Contest, 'alone' | 'ours'>): Contest => ({
    name,
    bytes,
    sees: rows.length,
    ...run,
  })
  return [
    readers('json lines, read', json.length, {
      alone: alone.jsonRead(json),
      ours: read(formats.json, json),
    }),
    readers('csv, read', text.length, {
      alone: alone.csvRead(text),
      ours: read(formats.csv, text),
    }),
    readers('csv with types, read', text.length, {
      alone: alone.csvTypedRead(text),
      ours: read(csv({ columns: TYPES }), text),
    }),
    readers('csv records, read', text.length, {
      alone: alone.csvRecordsRead(texts),
      ours: decoded(csvRecord(Object.keys(TYPES)), texts),
    }),
    readers('parquet, read', groups.length, {
      alone: alone.parquetRead(groups),
      ours: read(formats.parquet, groups),
    }),
    readers('avro, read', records.length, {
      alone: alone.avroRead(records),
      ours: read(blocks, records),
    }),
    readers(
      'avro records, read',
      values.reduce((sum, { length }) => sum + length, 0),
      {
        alone: alone.avroRecordsRead(values),
        ours: decoded(avroRecord(SCHEMA), values),
      },
    ),
    writers('json lines', formats.json, { rows, bytes: json.length, by: alone.jsonWritten(rows) }),
    writers('parquet', formats.parquet, {
      rows,
      bytes: groups.length,
      by: alone.parquetWritten(rows),
    }),
    writers('avro', blocks, { rows, bytes: records.length, by: alone.avroWritten(rows) }),
  ]
}
