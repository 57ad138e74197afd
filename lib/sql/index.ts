/** What `millrace/sql` exports: SQL on batches, by DuckDB. Importing it adds the methods. */
import { needNativePackage } from '../base/native-packages.ts'
import './stream-sql.ts'
import './to-df.ts'

export { DataFrame } from './data-frame.ts'
export type { CsvTable, FileTable, ParquetTable } from './files.ts'
export type { SqlRow } from './read-result.ts'
export type { Columns, FrameRow, Schema, SqlType, SqlTypeOf } from './schema.ts'
export { type QueryOptions, SqlSession } from './session.ts'
export type { SqlOptions, StreamTable } from './stream-sql.ts'

// It is loaded when a query runs. The construct has to know before.
needNativePackage('@duckdb/node-api')
