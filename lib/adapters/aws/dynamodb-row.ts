/**
 * Converts items to rows of DynamoDB: strings as S, numbers as N, booleans as BOOL, bytes as B,
 * with the key `pk` and `sk`.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { MillraceError } from '../../base/errors.ts'
import {
  type Attribute,
  type Item,
  itemBytes,
  type ItemKey,
  type KeyedItem,
} from '../../ports/item-store.ts'
import { toStoredName, toStoredText, textOf } from './dynamodb-text.ts'

/** A row, as the SDK returns and takes it. */
export type Row = Record<string, AttributeValue>

/**
 * The allowed magnitudes of a number other than 0: https://docs.aws.amazon.com/amazondynamodb,
 * "Data types".
 */
const NUMBER_MIN = 1e-130
const NUMBER_MAX = 9.99e125

const numberText = (name: string, value: number): string => {
  const size = Math.abs(value)
  if (value === 0 || (size >= NUMBER_MIN && size <= NUMBER_MAX)) return String(value)
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `The attribute ${name} cannot be stored`,
    value,
    allowed: `0, or a number with a magnitude from ${NUMBER_MIN} to ${NUMBER_MAX}`,
  })
}

/** The stored form of one value. */
export const toStoredValue = (
  name: string,
  value: Exclude<Attribute, undefined>,
): AttributeValue => {
  if (typeof value === 'string') return { S: toStoredText(value) }
  if (typeof value === 'number') return { N: numberText(name, value) }
  if (typeof value === 'boolean') return { BOOL: value }
  return { B: value }
}

const valueOf = (name: string, { S, N, BOOL, B }: AttributeValue): Attribute => {
  if (S !== undefined) return textOf(S)
  if (N !== undefined) return Number(N)
  if (BOOL !== undefined) return BOOL
  if (B !== undefined) return new Uint8Array(B)
  throw new MillraceError('STORE_UNREADABLE', {
    problem: `An item has an attribute ${name} of a type that Millrace does not write`,
    allowed: 'S, N, BOOL and B',
    fix: 'use a separate table for Millrace',
  })
}

/** The stored form of a key. */
export const rowKey = ({ partition, sort }: ItemKey): Row => ({
  pk: { S: toStoredText(partition) },
  sk: { S: toStoredText(sort) },
})

const toStoredAttributes = (
  item: Item,
): readonly (readonly [name: string, value: AttributeValue])[] =>
  Object.entries(item).flatMap(([name, value]) =>
    value === undefined ? [] : [[toStoredName(name), toStoredValue(name, value)] as const],
  )

/**
 * Converts an item to a row.
 *
 * Errors: `ARGUMENT_INVALID`, `ITEM_TOO_LARGE`.
 */
export const rowOf = (key: ItemKey, item: Item, itemBytesMax: number): Row => {
  checkSize(key, item, itemBytesMax)
  return { ...rowKey(key), ...Object.fromEntries(toStoredAttributes(item)) }
}

const toStored = (item: Item): Item =>
  Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      toStoredName(name),
      typeof value === 'string' ? toStoredText(value) : value,
    ]),
  )

const checkSize = (key: ItemKey, item: Item, itemBytesMax: number): void => {
  const { partition, sort } = key
  const size = itemBytes(
    { partition: toStoredText(partition), sort: toStoredText(sort) },
    toStored(item),
  )
  if (size <= itemBytesMax) return
  throw new MillraceError('ITEM_TOO_LARGE', {
    problem: `An item of ${size} bytes is too large to store`,
    value: { partition, sort },
    allowed: `${itemBytesMax} bytes`,
  })
}

/** Converts a row to an item, without its key. */
export const itemOf = (row: Row): Item =>
  Object.fromEntries(
    Object.entries(row).flatMap(([stored, value]) => {
      const name = textOf(stored)
      return stored === 'pk' || stored === 'sk' ? [] : [[name, valueOf(name, value)]]
    }),
  )

/** Converts a row to an item with its key. */
export const keyedItemOf = (row: Row): KeyedItem => ({
  partition: textOf(row['pk']?.S ?? ''),
  sort: textOf(row['sk']?.S ?? ''),
  item: itemOf(row),
})
