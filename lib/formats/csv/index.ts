/** What `millrace/formats/csv` exports. It needs the package `csv-parse`. */
export type { CsvRow, CsvType } from './columns.ts'
export { csv, type CsvOptions, csvRecord, tsv } from './csv.ts'
