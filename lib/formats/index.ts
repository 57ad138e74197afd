/** What `millrace/formats` exports: the formats that need no other package. */
export { json, type JsonOptions } from './json/json.ts'
export { type Encoded, type FormatSettings, type RecordFormat, textOf } from './record-format.ts'
