import type * as Writer from 'hyparquet-writer'
import type { BasicType } from 'hyparquet-writer'
import { jsonValueOf } from '../json/json-text.ts'
import { loadPackage } from '../../base/load-package.ts'
import { type Column, columnsOf, type ColumnType } from '../file-columns.ts'

let library: typeof Writer | undefined

/** Loads the library. */
export const prepareWriting = async (): Promise<void> => {
  library ??= await loadPackage('parquet()', async () => import('hyparquet-writer'))
}

const STORED: Readonly<
  Record<ColumnType, { readonly type: BasicType; readonly as?: (value: unknown) => unknown }>
> = {
  text: { type: 'STRING' },
  number: { type: 'DOUBLE' },
  bigint: { type: 'INT64', as: (value) => BigInt(value as number | bigint) },
  boolean: { type: 'BOOLEAN' },
  date: { type: 'TIMESTAMP' },
  bytes: { type: 'BYTE_ARRAY' },
  json: { type: 'JSON', as: jsonValueOf },
}

const sourceOf = ({ name, type, values }: Column) => {
  const { type: stored, as } = STORED[type]
  const data = as ? values.map((value) => (value === null ? null : as(value))) : values
  return { name, type: stored, data, nullable: true }
}

/** Elements as one file of Parquet, compressed with Snappy. */
export const encodeParquet =
  (types: Readonly<Record<string, ColumnType>> | undefined) =>
  (elements: readonly unknown[]): Uint8Array => {
    if (library === undefined) throw new TypeError('hyparquet-writer is not loaded')
    const columnData = columnsOf(elements, types).map(sourceOf)
    return new Uint8Array(library.parquetWriteBuffer({ columnData }))
  }
