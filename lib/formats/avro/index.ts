/** What `millrace/formats/avro` exports. It needs the package `avsc`. */
export { avro, type AvroOptions, avroRecord } from './avro.ts'
export type { AvroSchema } from './schema.ts'
