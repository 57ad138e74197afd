/** JSON as attributes of DynamoDB, and their sizes. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { MillraceError } from '../../base/errors.ts'
import type { Json } from '../../base/table-item.ts'
import { toStoredText } from './dynamodb-text.ts'

/** The deepest nesting of lists and maps that DynamoDB takes. */
const DEPTH_MAX = 32
/** The allowed magnitudes of a number other than 0. */
const NUMBER_MIN = 1e-130
const NUMBER_MAX = 9.99e125
/** The bytes that a list or map adds to its content: for itself, and for each element. */
const FRAME_BYTES = 3
const ENTRY_BYTES = 1

const numberAttribute = (value: number): AttributeValue => {
  const size = Math.abs(value)
  // A value that DynamoDB does not have is written as in object files.
  return value === 0 || (size >= NUMBER_MIN && size <= NUMBER_MAX)
    ? { N: String(value) }
    : { M: { $number: { S: String(value) } } }
}

const tooDeep = (): MillraceError =>
  new MillraceError('VALUE_UNSUPPORTED', {
    problem: `A table of DynamoDB cannot hold a value that is nested more than ${DEPTH_MAX} deep`,
    fix: 'map the values to a flatter form, or to text with JSON.stringify',
  })

/**
 * The attribute for a value: text as S, numbers as N, booleans as BOOL, null as NULL, arrays as L,
 * and objects as M.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED` for a value nested more than 32 deep.
 */
export const attributeOf = (value: Json, depth = 0): AttributeValue => {
  if (depth > DEPTH_MAX) throw tooDeep()
  if (value === null) return { NULL: true }
  if (typeof value === 'string') return { S: toStoredText(value) }
  if (typeof value === 'number') return numberAttribute(value)
  if (typeof value === 'boolean') return { BOOL: value }
  const inner = (one: Json): AttributeValue => attributeOf(one, depth + 1)
  if (isList(value)) return { L: value.map(inner) }
  return {
    M: Object.fromEntries(
      Object.entries(value).map(([name, one]) => [toStoredText(name), inner(one)]),
    ),
  }
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

const sumOf = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0)

/** One byte for two significant digits, and one more byte; a minus sign takes another. */
const numberBytes = (text: string): number => {
  const digits = text
    .replace(/e.*$/, '')
    .replaceAll(/[-.]/g, '')
    .replaceAll(/^0+|0+$/g, '')
  return Math.ceil(digits.length / 2) + (text.startsWith('-') ? 2 : 1)
}

/** The size of an attribute in bytes, without its name, by the published rules of DynamoDB. */
export const attributeBytes = ({ S, N, B, L, M }: AttributeValue): number => {
  if (S !== undefined) return Buffer.byteLength(S)
  if (N !== undefined) return numberBytes(N)
  if (B !== undefined) return B.byteLength
  if (L !== undefined) return FRAME_BYTES + sumOf(L.map((one) => ENTRY_BYTES + attributeBytes(one)))
  return M === undefined ? 1 : FRAME_BYTES + ENTRY_BYTES * Object.keys(M).length + rowBytes(M)
}

/** The size of attributes in bytes, with their names. */
export const rowBytes = (row: Readonly<Record<string, AttributeValue>>): number =>
  sumOf(Object.entries(row).map(([name, value]) => Buffer.byteLength(name) + attributeBytes(value)))
