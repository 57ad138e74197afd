/**
 * What `millrace/formats/parquet` exports. It needs `hyparquet` to read and `hyparquet-writer` to
 * write.
 */
export type { ColumnType } from '../file-columns.ts'
export { parquet, type ParquetOptions } from './parquet.ts'
