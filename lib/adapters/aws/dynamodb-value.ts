/** Values of rows as attributes of DynamoDB. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { MillraceError } from '../../base/errors.ts'
import { attributeOf } from './dynamodb-json.ts'
import { toStoredText } from './dynamodb-text.ts'

/** DynamoDB nests lists and maps so deep. */
const DEPTH_MAX = 32

const invalid = (problem: string, value: unknown, fix: string): MillraceError =>
  new MillraceError('VALUE_UNSUPPORTED', { problem, value, fix })

const DIGITS_MAX = 38
const MAGNITUDE_DIGITS_MAX = 126

const numberOf = (value: bigint): AttributeValue => {
  const text = String(value)
  const digits = text.replace('-', '')
  if (digits.length <= MAGNITUDE_DIGITS_MAX && digits.replace(/0+$/, '').length <= DIGITS_MAX)
    return { N: text }
  throw invalid(
    `A number of DynamoDB has at most ${DIGITS_MAX} digits, and zeros after them`,
    value,
    'store it as text or bytes',
  )
}

const isPlain = (value: object): boolean =>
  [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)

/**
 * The attribute for a value: bigints are numbers, dates are texts, and bytes are binary. Fields
 * that are undefined are left out.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED`.
 */
export const attributeOfValue = (value: unknown, depth = 0): AttributeValue => {
  if (depth > DEPTH_MAX)
    throw invalid(`A value is nested more than ${DEPTH_MAX} deep`, undefined, 'flatten it')
  if (value === null || typeof value === 'string' || typeof value === 'boolean')
    return attributeOf(value)
  if (typeof value === 'number' && Number.isFinite(value)) return attributeOf(value)
  if (typeof value === 'bigint') return numberOf(value)
  if (value instanceof Uint8Array) return { B: value }
  if (value instanceof Date && !Number.isNaN(value.getTime())) return { S: value.toISOString() }
  if (Array.isArray(value)) return { L: value.map((one) => attributeOfValue(one, depth + 1)) }
  if (typeof value !== 'object' || !isPlain(value))
    throw invalid(
      'A table of DynamoDB cannot hold this value',
      typeof value === 'object' ? value : String(value),
      'turn it into text, a finite number, bytes, a date, a list or a plain object',
    )
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  return {
    M: Object.fromEntries(
      entries.map(([name, one]) => [toStoredText(name), attributeOfValue(one, depth + 1)]),
    ),
  }
}
