import { attributeBytes } from '../../adapters/aws/dynamodb-json.ts'
import { attributeOfValue } from '../../adapters/aws/dynamodb-value.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Row, SinkDeclaration } from '../../rdd/sink-declaration.ts'
import { checkSinkName, rowMaker } from '../rows/row-settings.ts'

/**
 * How a stream is written as items.
 *
 * @example const options: ItemOptions<[string, number]> = { partitionKey: 'word', value: 'count' }
 */
export interface ItemOptions<in T> {
  /** The attribute that is the partition key of the table. */
  readonly partitionKey: string
  /** The attribute that is its sort key. Default: it has none. */
  readonly sortKey?: string
  /**
   * `put` replaces whole items. `update` sets the attributes of the row and leaves the others, also
   * in items that something else has written. Default: `put`.
   */
  readonly mode?: 'put' | 'update'
  /** The attribute for the value of a pair, where that is not an object. Default: `value`. */
  readonly value?: string
  /**
   * The item for an element. Default: an object is an item; of a pair, the key goes to the key
   * attributes, and the value to the other ones.
   */
  readonly row?: (element: T) => Row
}

/** The attribute of the fence belongs to the sink. */
const RESERVED = 'millrace'

const checkAttribute = (name: unknown): string => {
  if (typeof name === 'string' && name !== '' && name !== RESERVED && !name.includes('/'))
    return name
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'dynamodb(): this cannot be the name of an attribute',
    value: name,
    allowed: `a text without a slash, and not "${RESERVED}", which holds the fence`,
  })
}

const checkValue = (value: unknown, attribute: string): void => {
  if (attribute !== RESERVED) return void attributeOfValue(value)
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem: `An item cannot have the attribute "${RESERVED}": it holds the fence`,
    value: attribute,
    fix: 'give it another name',
  })
}

/** DynamoDB takes so many bytes in a partition key, and in a sort key. */
const KEY_BYTES_MAX = [2_048, 1_024] as const

/** Throws for a key that DynamoDB refuses: the whole batch would stop at it. */
const checkKey = (row: Row, names: readonly string[]): Row => {
  for (const [index, name] of names.entries()) {
    const attribute = attributeOfValue(row[name])
    const isKey =
      attribute.S !== undefined || attribute.N !== undefined || attribute.B !== undefined
    const bytes = attribute.N === undefined ? attributeBytes(attribute) : 1
    const bytesMax = KEY_BYTES_MAX[index] ?? 0
    if (isKey && bytes >= 1 && bytes <= bytesMax) continue
    throw new MillraceError('KEY_UNSUPPORTED', {
      problem: `A table of DynamoDB cannot have this key: attribute "${name}"`,
      value: row[name],
      allowed: `a number, or a text or bytes of 1 to ${bytesMax} bytes`,
      fix: 'leave out such elements with filter, or map them to other keys',
    })
  }
  return row
}

/**
 * Items of a table of DynamoDB, for `saveTo`. Needs the package `@aws-sdk/client-dynamodb`.
 *
 * The effect is exactly-once, item by item: each item has the batch time and the attempt in its
 * attribute `millrace`, and an older batch or attempt changes nothing. A batch is not atomic. While
 * the table is throttled, fewer items are written at the same time.
 *
 * There is no `ADD`: a batch that is tried again would add again. Keep the sum as state.
 *
 * @param name The name to bind: `--bind scores=dynamodb:TABLE`.
 * @throws MillraceError `ARGUMENT_INVALID`. In a batch: `OUTPUT_FAILED`, `OUTPUT_FENCED`,
 * `OUTPUT_EXISTS`, `VALUE_UNSUPPORTED`, `KEY_UNSUPPORTED`, `ITEM_TOO_LARGE`.
 * @example
 * ```ts
 * counts.saveTo(dynamodb('scores', { partitionKey: 'word', value: 'count' }))
 * ```
 */
export const dynamodb = <T>(name: string, options: ItemOptions<T>): SinkDeclaration<T> => {
  const { partitionKey, sortKey, mode = 'put', value = 'value', row } = options
  const key = [partitionKey, ...(sortKey === undefined ? [] : [sortKey])].map(checkAttribute)
  if (mode !== 'put' && mode !== 'update')
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'dynamodb(): this mode is not allowed',
      value: mode,
      allowed: "'put' or 'update'",
    })
  const table = { table: name, mode: 'upsert', key, value: checkAttribute(value) } as const
  const rowOf = rowMaker(table, row, checkValue)
  return Object.freeze({
    kind: 'items',
    place: `items://${checkSinkName('dynamodb', name)}/${key.join('/')}`,
    shape: 'rows',
    // A file of SQLite that stands in for the table reads the same settings.
    settings: { ...table, mode: 'upsert', itemMode: mode },
    send: (element: T): Row => checkKey(rowOf(element), key),
  })
}
