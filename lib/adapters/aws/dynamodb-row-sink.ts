/**
 * Writes rows as items of a table of DynamoDB that has key attributes of its own. As in
 * dynamodb-table-sink.ts, each item is written by one conditional call, and the fence is in the
 * item: here in the attribute `millrace`, a map.
 *
 * 1. `put` replaces an item. One that has no fence, or that of another application, stays.
 * 2. `update` sets the attributes of the row and leaves the others. An item that has no fence may
 *    be somebody else's, whose other attributes stay: it gets a fence.
 * 3. The same batch and attempt may write again: the answer to a call may be lost.
 */
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { isMillraceError, MillraceError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { DYNAMODB_ITEM_BYTES_MAX } from '../../ports/item-store.ts'
import type { Sink } from '../../ports/sink.ts'
import { checkItemReplaceable, type ItemStamp } from '../table-layout.ts'
import { deniedFix, errorName, isDenied, isTransient } from './aws-errors.ts'
import { dynamodbClient } from './dynamodb-client.ts'
import { rowBytes } from './dynamodb-json.ts'
import { pacedCalls } from './dynamodb-pace.ts'
import type { Row } from './dynamodb-row.ts'
import { attributeOfValue } from './dynamodb-value.ts'

/** The attribute that holds the fence. */
export const FENCE = 'millrace'

/** The settings of an output. */
export interface ItemSettings {
  /** The key attributes: that of the partition, and the sort key if there is one. */
  readonly key: readonly string[]
  readonly itemMode: 'put' | 'update'
}

/** A row, by the names of attributes. */
type Given = Readonly<Record<string, unknown>>

/** Settings of {@link dynamodbRowSink}. */
export interface DynamodbRowSinkOptions {
  /** The name of the table, or its ARN. */
  readonly table: string
  readonly clock: Clock
  /** Default: the client of this process. */
  readonly client?: Pick<DynamoDBClient, 'send'>
}

const LIMITS = { atOnce: 32, tries: 8 } as const

const FENCED =
  '(#fence.#app = :app AND #fence.#batchTime <= :batchTime AND ' +
  '(#fence.#generation < :generation OR ' +
  '(#fence.#generation = :generation AND #fence.#epoch <= :epoch)))'
const CONDITIONS = {
  put: `attribute_not_exists(#key) OR ${FENCED}`,
  update: `attribute_not_exists(#fence) OR ${FENCED}`,
} as const

const FENCE_NAMES = {
  '#fence': FENCE,
  '#app': 'app',
  '#batchTime': 'batchTime',
  '#generation': 'generation',
  '#epoch': 'epoch',
}

const fenceMap = ({ app, generation, epoch, batchTime }: ItemStamp): Row => ({
  app: { S: app },
  generation: { N: String(generation) },
  epoch: { N: String(epoch) },
  batchTime: { N: String(batchTime) },
})

const stampIn = (item: Row): Partial<ItemStamp> => {
  const { app, generation, epoch, batchTime } = item[FENCE]?.M ?? {}
  return {
    ...(app?.S === undefined ? {} : { app: app.S }),
    generation: Number(generation?.N),
    epoch: Number(epoch?.N),
    batchTime: Number(batchTime?.N),
  }
}

/** The row as attributes, with its fence. */
const itemOf = (row: Given, stamp: ItemStamp): Row => {
  const item: Row = {
    ...Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, attributeOfValue(value)]),
    ),
    [FENCE]: { M: fenceMap(stamp) },
  }
  const sizeBytes = rowBytes(item)
  if (sizeBytes <= DYNAMODB_ITEM_BYTES_MAX) return item
  throw new MillraceError('ITEM_TOO_LARGE', {
    problem: `An item of ${sizeBytes} bytes is too large for a table of DynamoDB`,
    value: row,
    allowed: `${DYNAMODB_ITEM_BYTES_MAX} bytes`,
    fix: 'make the row smaller, or divide it over several keys',
  })
}

const keyIn = (item: Row, key: readonly string[]): Row =>
  Object.fromEntries(key.map((name) => [name, item[name] ?? { NULL: true }]))

/** The last item of each key: two calls at the same time have no order. */
const lastOfEachKey = (items: readonly Row[], key: readonly string[]): readonly Row[] => [
  ...new Map(items.map((item) => [JSON.stringify(keyIn(item, key)), item])).values(),
]

const conditionOf = (stamp: ItemStamp, { key, itemMode: mode }: ItemSettings) => ({
  ConditionExpression: CONDITIONS[mode],
  ExpressionAttributeNames: {
    ...FENCE_NAMES,
    ...(mode === 'put' ? { '#key': key[0] as string } : {}),
  },
  ExpressionAttributeValues: Object.fromEntries(
    Object.entries(fenceMap(stamp)).map(([name, value]) => [`:${name}`, value]),
  ),
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
})

const updateOf = (table: string, item: Row, stamp: ItemStamp, settings: ItemSettings) => {
  const condition = conditionOf(stamp, settings)
  const fields = Object.entries(item).filter(([name]) => !settings.key.includes(name))
  return new UpdateItemCommand({
    TableName: table,
    Key: keyIn(item, settings.key),
    ...condition,
    UpdateExpression: `SET ${fields.map((_, index) => `#f${index} = :f${index}`).join(', ')}`,
    ExpressionAttributeNames: {
      ...condition.ExpressionAttributeNames,
      ...Object.fromEntries(fields.map(([name], index) => [`#f${index}`, name])),
    },
    ExpressionAttributeValues: {
      ...condition.ExpressionAttributeValues,
      ...Object.fromEntries(fields.map(([, value], index) => [`:f${index}`, value])),
    },
  })
}

const outputError = (
  error: unknown,
  table: string,
  { key, itemMode: mode }: ItemSettings,
): MillraceError => {
  if (isMillraceError(error)) return error
  const action = mode === 'put' ? 'dynamodb:PutItem' : 'dynamodb:UpdateItem'
  const shared = { value: table, cause: error }
  if (errorName(error) === 'ResourceNotFoundException')
    return new MillraceError('OUTPUT_FAILED', {
      problem: 'There is no such table in this account and region',
      fix: `create it with the key ${key.join(' and ')}, or correct its name and region`,
      ...shared,
    })
  if (errorName(error) === 'ValidationException')
    return new MillraceError('OUTPUT_FAILED', {
      problem: `The table does not take the item: ${(error as Error).message}`,
      allowed: `a table whose key is ${key.join(' and ')}, with values of the types of its key`,
      ...shared,
    })
  return new MillraceError('OUTPUT_FAILED', {
    problem: `The call ${action} failed`,
    ...(isDenied(error) ? { fix: deniedFix(action, `the table ${table}`) } : {}),
    retryable: isTransient(error),
    ...shared,
  })
}

/** The error for a condition that was not met. */
const refusal = (
  { Item: there }: ConditionalCheckFailedException,
  key: Row,
  stamp: ItemStamp,
): MillraceError => {
  if (there !== undefined) checkItemReplaceable(JSON.stringify(key), stampIn(there), stamp)
  return new MillraceError('OUTPUT_FAILED', {
    problem: 'DynamoDB refused to write an item, and did not show it',
    retryable: true,
  })
}

/**
 * A {@link Sink} of rows in a table of DynamoDB. A partition is encoded, and then written, at most
 * 32 items at once, and fewer while the table is throttled.
 *
 * Other errors than those of the port: `VALUE_UNSUPPORTED`, `ITEM_TOO_LARGE`.
 *
 * @example
 * ```ts
 * const sink = dynamodbRowSink({ table: 'totals', clock: systemClock() })
 * const settings = { key: ['word'], itemMode: 'put' }
 * const fence = { app: 'a', generation: 1, epoch: 1 }
 * const batch = await sink.open({ path: '1000', timeMs: 1_000, settings }, fence)
 * await batch.write(0, [{ word: 'to', count: 2 }])
 * ```
 */
export const dynamodbRowSink = ({
  table,
  clock,
  client = dynamodbClient(),
}: DynamodbRowSinkOptions): Sink<readonly Given[]> => ({
  description: `table ${table}`,
  isAtomic: false,
  async open({ timeMs, settings: given }, { app, generation, epoch }) {
    const settings = given as ItemSettings
    const { key, itemMode } = settings
    const stamp: ItemStamp = { app, generation, epoch, batchTime: timeMs }
    const put = (item: Row) =>
      new PutItemCommand({ TableName: table, Item: item, ...conditionOf(stamp, settings) })
    const send = async (item: Row): Promise<void> => {
      try {
        if (itemMode === 'put') await client.send(put(item))
        else await client.send(updateOf(table, item, stamp, settings))
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException)
          throw refusal(error, keyIn(item, key), stamp)
        throw error
      }
    }
    let refused = 0
    const limits = { ...LIMITS, throttled: () => void (refused += 1) }
    return {
      async write(_, rows) {
        const items = rows.map((row) => itemOf(row, stamp))
        try {
          await pacedCalls(clock, lastOfEachKey(items, key), limits, send)
        } catch (error) {
          throw outputError(error, table, settings)
        }
      },
      throttled: () => refused,
      finish: async () => undefined,
      abandon: async () => undefined,
    }
  },
})
