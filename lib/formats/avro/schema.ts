/** Schemas of Avro as types of the library, with values that can be stored. */
import type * as Avsc from 'avsc'
import type { Type, types } from 'avsc'
import { MillraceError } from '../../base/errors.ts'
import { loadPackage } from '../../base/load-package.ts'
import { collectionTypes } from './collections.ts'
import { plainType, type PlainType } from './plain.ts'

/**
 * A schema of Avro: its JSON as a value, or as text.
 *
 * @example
 * ```ts
 * const click: AvroSchema = {
 *   type: 'record',
 *   name: 'Click',
 *   fields: [{ name: 'page', type: 'string' }],
 * }
 * ```
 */
export type AvroSchema = string | Readonly<Record<string, unknown>> | readonly unknown[]

type Library = Pick<typeof Avsc, 'Type' | 'types'>

let library: Library | undefined

/** Loads the library. */
export const prepareAvro = async (): Promise<void> => {
  library ??= (await loadPackage('avro()', async () => import('avsc'))).default
}

type Values = readonly [
  /** The value in JavaScript, of what is stored. */
  fromStored: (stored: never) => unknown,
  toStored: (value: never) => unknown,
]

const MILLISECONDS_A_DAY = 86_400_000
const MICROSECONDS = 1_000
const NANOSECONDS = 1_000_000

const times = (perMs: number): Values => [
  (stored: number) => new Date(stored / perMs),
  (value: Date) => BigInt(value.getTime()) * BigInt(perMs),
]

const LOGICAL: Readonly<Record<string, Values>> = {
  date: [
    (stored: number) => new Date(stored * MILLISECONDS_A_DAY),
    (value: Date) => Math.floor(value.getTime() / MILLISECONDS_A_DAY),
  ],
  'timestamp-millis': times(1),
  'timestamp-micros': times(MICROSECONDS),
  'timestamp-nanos': times(NANOSECONDS),
  'local-timestamp-millis': times(1),
  'local-timestamp-micros': times(MICROSECONDS),
  'local-timestamp-nanos': times(NANOSECONDS),
}

/** What the library asks for each schema that it meets. */
interface Hooks {
  readonly logicalTypes: object
  readonly typeHook: (schema: unknown, options: unknown) => Type | undefined
}

/** Our types of longs and of times, which are longs underneath. */
const hooks = (avsc: Library, bigints: boolean): Hooks => {
  const long = longType(avsc, bigints ? bigintOf : exactNumberOf)
  // Longs of the year 9999 in microseconds are beyond 2^53.
  const timeLong = longType(avsc, numberOf)
  const text = textType(avsc)
  const collections = collectionTypes(avsc.types)
  let isUnderneath = false
  const timeType = ([fromStored, toStored]: Values, stored: string) =>
    class extends avsc.types.LogicalType {
      constructor(schema: Avsc.Schema, options?: unknown) {
        isUnderneath = true
        try {
          super(schema, options)
        } finally {
          isUnderneath = false
        }
        // The library takes such a schema without its logical type then, as Avro says.
        if (this.underlyingType.typeName !== stored) throw new TypeError(`it is no ${stored}`)
      }
      override _fromValue(value: unknown): unknown {
        return fromStored(value as never)
      }
      override _toValue(value: unknown): unknown {
        const isTime = value instanceof Date && !Number.isNaN(value.getTime())
        return isTime ? toStored(value as never) : undefined
      }
      override _resolve(type: Type): unknown {
        return this.underlyingType.equals(type) ? fromStored : undefined
      }
    }
  return {
    logicalTypes: Object.fromEntries(
      Object.entries(LOGICAL).map(([name, values]) => [
        name,
        timeType(values, name === 'date' ? 'int' : timeLong.typeName),
      ]),
    ),
    typeHook: (schema, options) => {
      if (schema === 'long') return long
      const { type, logicalType } = schema as { readonly type?: unknown; logicalType?: unknown }
      if (schema === 'string' || type === 'string') return text
      const Collection = Object.hasOwn(collections, String(type)) && collections[String(type)]
      if (Collection) return new Collection(schema as Avsc.Schema, options)
      if (type !== 'long') return undefined
      if (isUnderneath) return timeLong
      return Object.hasOwn(LOGICAL, String(logicalType)) ? undefined : long
    },
  }
}

interface Writer {
  _write(tap: unknown, value: unknown): void
}

/** Texts. Of half a character the library writes bytes that are not UTF-8, and others refuse. */
const textType = ({ types: { StringType } }: Library): Type => {
  const Text = class extends (StringType as unknown as new () => Writer) {
    override _write(tap: unknown, value: unknown): void {
      if (typeof value === 'string' && !value.isWellFormed())
        throw new RangeError('a text has half of a character (a lone surrogate)')
      super._write(tap, value)
    }
  }
  return new Text() as unknown as Type
}

/**
 * Longs, as bigints or as numbers. Those of the library itself are wrong beyond 2^52, without a
 * word.
 */
const longType = (
  { types: { LongType } }: Library,
  fromBuffer: (bytes: Buffer) => number | bigint,
): types.LongType =>
  LongType.__with({
    fromBuffer,
    toBuffer: (value: number | bigint) => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigInt64LE(BigInt(value))
      return bytes
    },
    // For defaults, which are only written.
    fromJSON: BigInt,
    toJSON: Number,
    isValid: (value: unknown) =>
      (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) ||
      Number.isSafeInteger(value),
    compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
  })

const bigintOf = (bytes: Buffer): bigint => bytes.readBigInt64LE()

/** The nearest number. */
const numberOf = (bytes: Buffer): number => bytes.readInt32LE(4) * 2 ** 32 + bytes.readUInt32LE(0)

const exactNumberOf = (bytes: Buffer): number => {
  const number = numberOf(bytes)
  if (Number.isSafeInteger(number)) return number
  throw new RangeError(
    `${bigintOf(bytes)} is beyond 2^53: read longs as bigints, with the option bigints`,
  )
}

/**
 * The type of a schema to read with. Values are read as they were written, so defaults mean
 * nothing, and may be what the library refuses, such as a null that is not of the first branch. So
 * may names of types, which values do not have.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when it is not a schema of Avro.
 */
export const typeToRead = (schema: string, bigints: boolean): PlainType => {
  let parsed: unknown
  try {
    parsed = JSON.parse(schema)
  } catch {
    // An error that is explained below.
    return plainType(typeOf(schema, bigints))
  }
  return plainType(typeOf(JSON.stringify(readable(parsed)), bigints))
}

/** What the library wants to know, and no more. */
const readable = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(readable)
  if (typeof schema === 'string') return validName(schema)
  if (typeof schema !== 'object' || schema === null) return schema
  const fields: Record<string, unknown> = { ...schema }
  delete fields['default']
  for (const part of ['type', 'items', 'values', 'fields'])
    if (Object.hasOwn(fields, part)) fields[part] = readable(fields[part])
  if (!NAMED.has(fields['type'])) return fields
  for (const part of ['name', 'namespace'])
    if (typeof fields[part] === 'string') fields[part] = validName(fields[part])
  return fields
}

/** Types with a name of their own, and not that of a field. */
const NAMED: ReadonlySet<unknown> = new Set(['record', 'error', 'enum', 'fixed'])

/** Others allow any namespace: `com.my-shop.orders`. */
const validName = (name: string): string =>
  name.replaceAll(/[^\w.]/g, '_').replaceAll(/(?<=^|\.)(?=\d)/g, '_')

/**
 * The type of a schema.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when it is not a schema of Avro.
 */
export const typeOf = (schema: AvroSchema, bigints: boolean): Type => {
  if (library === undefined) throw new TypeError('avsc is not loaded')
  try {
    const parsed: unknown = typeof schema === 'string' ? JSON.parse(schema) : schema
    return library.Type.forSchema(parsed as Avsc.Schema, {
      ...(hooks(library, bigints) as object),
      omitRecordMethods: true,
    })
  } catch (error) {
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'A schema is not one of Avro',
      value: schema,
      cause: error,
    })
  }
}
