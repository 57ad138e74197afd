/** What `millrace/formats` exports: the formats that need no other package. */
export type { FileFormat } from './file-format.ts'
export { json, type JsonOptions } from './json/json.ts'
export { jsonLines } from './json/json-lines.ts'
export { type Encoded, type FormatSettings, type RecordFormat, textOf } from './record-format.ts'
