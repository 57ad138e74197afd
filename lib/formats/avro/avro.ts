import type { Type } from 'avsc'
import { createHash } from 'node:crypto'
import { MillraceError } from '../../base/errors.ts'
import type { FileFormat, FormatWriting } from '../file-format.ts'
import { bytesOf, type Encoded, type RecordFormat, unreadable } from '../record-format.ts'
import { asBuffer } from '../text-lines.ts'
import { avroFile, type Block, openAvro } from './blocks.ts'
import { hasBytes, type PlainType } from './plain.ts'
import { type AvroSchema, prepareAvro, typeOf, typeToRead } from './schema.ts'

/**
 * Settings of `avro` and `avroRecord`.
 *
 * @example avro({ bigints: true })
 */
export interface AvroOptions {
  /** The schema to write with. Files are read with the schema that they hold. Default: none. */
  readonly schema?: AvroSchema
  /**
   * Whether values of the type long are bigints. Default false: they are numbers, and what is
   * beyond 2^53 is damaged data.
   */
  readonly bigints?: boolean
}

/**
 * Object container files of Avro, compressed with deflate, Snappy or zstandard, or not. Records are
 * plain objects, bytes are `Uint8Array`, dates and timestamps are dates, and decimals are bytes. A
 * value of a union is the value itself, if its type tells its branch; otherwise an object with the
 * name of the branch. Needs the package `avsc`.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when an option is not of the allowed form. When the
 * pipeline runs, also for a schema that is not one of Avro.
 * @example ssc.fileStream('drop', { format: avro<{ page: string }>() }).map(({ page }) => page)
 */
export const avro = <T = unknown>({ schema, bigints = false }: AvroOptions = {}): FileFormat<T> => {
  checkBigints('avro', bigints)
  const given = schema === undefined ? undefined : schemaText('avro', schema)
  const writing = given === undefined ? {} : { writing: writingWith(given, bigints) }
  return Object.freeze({
    name: 'avro',
    settings: Object.freeze({ schema: given ?? null, bigints }),
    extension: '.avro',
    reading: Object.freeze({
      shape: 'parts',
      isText: false,
      isSplittable: true,
      prepare: prepareAvro,
      open: openAvro(bigints),
    }),
    ...writing,
  })
}

/**
 * Records that are one value of Avro each, for `decode()`: without a header, as they are in
 * streams. Needs the package `avsc`.
 *
 * @param schema The schema that they were written with.
 * @throws MillraceError `ARGUMENT_INVALID` when the schema is no value or text.
 * @example
 * ```ts
 * const click = { type: 'record', name: 'Click', fields: [{ name: 'page', type: 'string' }] }
 * ssc.kinesisStream('clicks').decode(avroRecord<{ page: string }>(click)).map(({ page }) => page)
 * ```
 */
export const avroRecord = <T = unknown>(
  schema: AvroSchema,
  { bigints = false }: Pick<AvroOptions, 'bigints'> = {},
): RecordFormat<T> => {
  checkBigints('avroRecord', bigints)
  const text = schemaText('avroRecord', schema)
  let plain: PlainType | undefined
  return Object.freeze({
    name: 'avroRecord',
    settings: Object.freeze({ schema: text, bigints }),
    prepare: async () => {
      await prepareAvro()
      plain ??= typeToRead(text, bigints)
    },
    decode: (record: Encoded): T => {
      try {
        const { type, finish } = plain as PlainType
        return finish(type.fromBuffer(asBuffer(bytesOf(record)))) as T
      } catch (error) {
        throw unreadable('a value of the Avro schema', bytesOf(record), error)
      }
    },
  })
}

const SYNC_BYTES = 16

const writingWith = (schema: string, bigints: boolean): FormatWriting => {
  let type: Type | undefined
  // The same for the same schema, so that files are the same (B3).
  const sync = createHash('sha256').update(schema).digest().subarray(0, SYNC_BYTES)
  return Object.freeze({
    joins: false,
    prepare: async () => {
      await prepareAvro()
      type ??= typeOf(schema, bigints)
    },
    encode: (elements: readonly unknown[]): Uint8Array =>
      avroFile(blocksOf(elements, type as Type), schema, sync),
  })
}

const RECORDS_IN_BLOCK = 1_000
/** A block of large records has fewer. Readers hold a block in memory. */
const BLOCK_BYTES = 4 * 1024 * 1024
/** About a block of small records. */
const FIRST_BYTES = 64 * 1024

/** All blocks share one buffer, which grows. */
function* blocksOf(elements: readonly unknown[], type: Type): Generator<Block> {
  const valueOf = hasBytes(type) ? withBuffers : (element: unknown): unknown => element
  let bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES)
  let [count, end] = [0, 0]
  for (const element of elements) {
    const value = valueOf(element)
    let next = encode(value, type, bytes, end)
    if (next < 0) {
      // So many bytes are missing.
      bytes = grown(bytes, end, bytes.length - next)
      next = encode(value, type, bytes, end)
    }
    count += 1
    end = next
    if (count < RECORDS_IN_BLOCK && end < BLOCK_BYTES) continue
    yield { count, records: bytes.subarray(0, end) }
    count = end = 0
  }
  if (count > 0) yield { count, records: bytes.subarray(0, end) }
}

const grown = (bytes: Buffer, end: number, size: number): Buffer => {
  const larger = Buffer.allocUnsafe(Math.max(size, 2 * bytes.length))
  bytes.copy(larger, 0, 0, end)
  return larger
}

/** Where the element ends. Below zero: so many bytes are missing. */
const encode = (element: unknown, type: Type, bytes: Buffer, from: number): number => {
  try {
    return type.encode(element, bytes, from)
  } catch (error) {
    throw new MillraceError('VALUE_UNSUPPORTED', {
      problem: 'An element does not fit the Avro schema',
      value: element,
      cause: error,
    })
  }
}

/** The library takes bytes as a Buffer. */
const withBuffers = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (value instanceof Uint8Array) return asBuffer(value)
  if (Array.isArray(value)) return value.map(withBuffers)
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, withBuffers(field)]),
  )
}

const schemaText = (operation: string, schema: unknown): string => {
  // The name of a simple type is also a schema. As JSON it has quotes.
  if (typeof schema === 'string') return /^[a-z]+$/.test(schema) ? JSON.stringify(schema) : schema
  if (typeof schema === 'object' && schema !== null) return JSON.stringify(schema)
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs a schema of Avro`,
    value: schema,
    allowed: 'its JSON, as a value or as text',
  })
}

const checkBigints = (operation: string, bigints: unknown): void => {
  if (typeof bigints === 'boolean') return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() does not allow this value of bigints`,
    value: bigints,
    allowed: 'true or false',
  })
}
