/** Values as PostgreSQL takes them: rows as JSON, which the server turns into its own types. */
import { MillraceError } from '../../base/errors.ts'
import type { Row } from '../../rdd/sink-declaration.ts'

const DEPTH_MAX = 100

const invalid = (problem: string, value: unknown, fix: string): MillraceError =>
  new MillraceError('VALUE_UNSUPPORTED', { problem, value, fix })

const checkText = (text: string, column: string): void => {
  if (text.includes('\u0000'))
    throw invalid(
      `PostgreSQL cannot store the character NUL, which is in the column "${column}"`,
      text,
      "remove it, for example with text.replaceAll('\\u0000', '')",
    )
  if (!text.isWellFormed())
    throw invalid(
      `Half a character is in the column "${column}": UTF-8 cannot hold it`,
      text,
      'repair it with text.toWellFormed()',
    )
}

/**
 * Checks a value of a row.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED`.
 */
export const checkPostgresValue = (value: unknown, column: string, depth = 0): void => {
  if (depth > DEPTH_MAX)
    throw invalid(
      `A value in the column "${column}" is nested more than ${DEPTH_MAX} deep`,
      undefined,
      'flatten it',
    )
  if (typeof value === 'string') return checkText(value, column)
  if (typeof value === 'function' || typeof value === 'symbol')
    throw invalid(`The column "${column}" cannot hold a function`, String(value), 'leave it out')
  if (value instanceof Date && Number.isNaN(value.getTime()))
    throw invalid(`The column "${column}" cannot hold a date that is none`, value, 'use null')
  if (typeof value !== 'object' || value === null || value instanceof Date) return undefined
  if (value instanceof Uint8Array) return undefined
  if (value instanceof Map || value instanceof Set)
    throw invalid(
      `The column "${column}" cannot hold a Map or a Set`,
      value,
      'turn it into an object or an array first',
    )
  for (const [name, inner] of Object.entries(value)) {
    checkText(name, column)
    checkPostgresValue(inner, column, depth + 1)
  }
  return undefined
}

/** How JSON holds what it does not have, so that the server reads it back as the column's type. */
const replace = (value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  return value
}

/** Replaces inner values before JSON does it in its own way, as `toJSON` of dates would. */
const plain = (value: unknown): unknown => {
  const replaced = replace(value)
  if (typeof replaced !== 'object' || replaced === null) return replaced
  if (Array.isArray(replaced)) return replaced.map(plain)
  return Object.fromEntries(Object.entries(replaced).map(([name, inner]) => [name, plain(inner)]))
}

/** A row as JSON. */
export const rowJson = (row: Row): string => JSON.stringify(plain(row))

/** Lists of rows as JSON: each has at most so many rows and bytes, or one row. */
export const jsonChunks = function* (
  rows: readonly Row[],
  rowsMax: number,
  bytesMax: number,
): Generator<string> {
  let chunk: string[] = []
  let bytes = 0
  for (const row of rows) {
    const text = rowJson(row)
    const size = Buffer.byteLength(text) + 1
    if (chunk.length > 0 && (chunk.length >= rowsMax || bytes + size > bytesMax)) {
      yield `[${chunk.join(',')}]`
      chunk = []
      bytes = 0
    }
    chunk.push(text)
    bytes += size
  }
  if (chunk.length > 0) yield `[${chunk.join(',')}]`
}
