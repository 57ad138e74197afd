/** JSON as attributes of DynamoDB, and how large they are there. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { MillraceError } from '../../base/errors.ts'
import type { Json } from '../../base/table-item.ts'
import { toStoredText } from './dynamodb-text.ts'

/** How deep lists and maps may stand in each other. */
const DEPTH_MAX = 32
/** What a number may be in size, beside 0. */
const NUMBER_MIN = 1e-130
const NUMBER_MAX = 9.99e125
/** What a list or a map takes beside its content, and for each thing in it. */
const FRAME_BYTES = 3
const ENTRY_BYTES = 1

const numberAttribute = (value: number): AttributeValue => {
  const size = Math.abs(value)
  // What DynamoDB does not have is written as object files write it.
  return value === 0 || (size >= NUMBER_MIN && size <= NUMBER_MAX)
    ? { N: String(value) }
    : { M: { $number: { S: String(value) } } }
}

const tooDeep = (): MillraceError =>
  new MillraceError('VALUE_UNSUPPORTED', {
    problem: `A table of DynamoDB cannot hold a value that is nested more than ${DEPTH_MAX} deep`,
    fix: 'map the values to flatter ones, or to text with JSON.stringify',
  })

/**
 * The attribute of a value: text as S, numbers as N, booleans as BOOL, null as NULL, arrays as L,
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

/** One byte for two digits, without zeros at the ends, and one more; a sign takes another. */
const numberBytes = (text: string): number => {
  const digits = text
    .replace(/e.*$/, '')
    .replaceAll(/[-.]/g, '')
    .replaceAll(/^0+|0+$/g, '')
  return Math.ceil(digits.length / 2) + (text.startsWith('-') ? 2 : 1)
}

/** How many bytes an attribute takes, without its name, by the rules that DynamoDB publishes. */
export const attributeBytes = ({ S, N, L, M }: AttributeValue): number => {
  if (S !== undefined) return Buffer.byteLength(S)
  if (N !== undefined) return numberBytes(N)
  if (L !== undefined) return FRAME_BYTES + sumOf(L.map((one) => ENTRY_BYTES + attributeBytes(one)))
  return M === undefined ? 1 : FRAME_BYTES + ENTRY_BYTES * Object.keys(M).length + rowBytes(M)
}

/** How many bytes attributes take, with their names. */
export const rowBytes = (row: Readonly<Record<string, AttributeValue>>): number =>
  sumOf(Object.entries(row).map(([name, value]) => Buffer.byteLength(name) + attributeBytes(value)))
