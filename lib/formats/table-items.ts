/**
 * Pairs as items of a table: the key is text, the value is JSON. A value that JSON does not have,
 * such as a bigint, is written as in object files: docs/object-files.md.
 */
import { MillraceError } from '../base/errors.ts'
import { KeyedMap } from '../base/keys.ts'
import type { Json, TableItem } from '../base/table-item.ts'
import { elementText } from './element-text.ts'
import type { Format } from './format.ts'
import { objectText, readObjects } from './object-lines.ts'

/**
 * Gives the same key for all keys that are equal by value. Throws for a value that cannot be a key.
 */
const canonicalKey = (key: unknown): unknown => {
  const keys = new KeyedMap<unknown, true>()
  keys.set(key, true)
  return keys.sortedEntries()[0]?.[0]
}

/** The key as text: arrays and objects as JSON, other keys as `print` shows them. */
const keyText = (key: unknown): string => {
  if (typeof key === 'string') return key
  const canonical = canonicalKey(key)
  const isStructured =
    typeof canonical === 'object' && canonical !== null && !(canonical instanceof Date)
  return isStructured ? objectText(canonical) : elementText(canonical)
}

const isPair = (element: unknown): element is readonly [key: unknown, value: unknown] =>
  Array.isArray(element) && element.length === 2

/**
 * The table item for a pair.
 *
 * @throws MillraceError `ARGUMENT_INVALID` for an element that is not a pair, `KEY_UNSUPPORTED`,
 * and `VALUE_UNSUPPORTED` for functions, symbols, instances of classes and cycles.
 */
export const tableItem = (element: unknown): TableItem => {
  if (!isPair(element))
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'A table takes pairs',
      value: element,
      allowed: '[key, value]',
      fix: 'map the elements to pairs first, for example with mapToPair((word) => [word, 1])',
    })
  const [key, value] = element
  // It would share the item of the text "undefined".
  if (key === undefined)
    throw new MillraceError('KEY_UNSUPPORTED', {
      problem: 'A pair without a key cannot be put into a table',
      value: element,
      fix: 'leave out such pairs, or give them a key',
    })
  // Encoded and parsed again, so that a table holds the same value that a line would hold.
  return { key: keyText(key), value: JSON.parse(objectText(value)) as Json }
}

/** Lines of JSON, one for each pair: `{"key":"to","value":2}`. Used when a table is a directory. */
export const tableItems: Format = Object.freeze({
  name: 'table items',
  isSplittable: true,
  encode: (elements: readonly unknown[]) =>
    Buffer.from(elements.map((element) => `${JSON.stringify(tableItem(element))}\n`).join('')),
  decode: (bytes: Uint8Array) => ({
    elements: readObjects<TableItem>(bytes).map(({ key, value }) => [key, value]),
    rejected: [],
  }),
})
