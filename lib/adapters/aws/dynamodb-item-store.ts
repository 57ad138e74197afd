/**
 * Stores items in a table of DynamoDB whose key has the string attributes `pk` and `sk`.
 *
 * The SDK itself retries a call whose answer is lost. If the first try of a compare-and-set was
 * applied, the retry is refused because of that write. The refusal shows the stored item, and the
 * caller recognises its own attempt id in it (B2).
 */
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  DYNAMODB_ITEM_BYTES_MAX,
  type Item,
  type ItemKey,
  type ItemStore,
  type KeyedItem,
  type Query,
  type Swap,
} from '../../ports/item-store.ts'
import { answerTimeOf } from './answer-time.ts'
import { writeBatches } from './dynamodb-batches.ts'
import { dynamodbClient } from './dynamodb-client.ts'
import { queryProjection, queryRange, seenCondition } from './dynamodb-conditions.ts'
import { storeError } from './dynamodb-errors.ts'
import { itemOf, keyedItemOf, type Row, rowKey, rowOf } from './dynamodb-row.ts'

/** Settings of {@link dynamodbItemStore}. */
export interface DynamodbItemStoreOptions {
  /** The name of the table, or its ARN. */
  readonly table: string
  /** Default: the client of this process. */
  readonly client?: DynamoDBClient
  /** Waits between tries; replaced in tests. */
  readonly pause?: (durationMs: number) => Promise<void>
}

const readPages = async (
  client: DynamoDBClient,
  table: string,
  partition: string,
  query: Query,
): Promise<readonly KeyedItem[]> => {
  const { prefix = '', limit = Infinity } = query
  const found: KeyedItem[] = []
  let from: Row | undefined
  while (found.length < limit) {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        ...queryRange(partition, query),
        ...queryProjection(query),
        ...(limit === Infinity ? {} : { Limit: limit - found.length }),
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      }),
    )
    const items = Items.map(keyedItemOf)
    // Keys arrive in order: after the first one without the prefix, no other has it.
    const end = items.findIndex(({ sort }) => !sort.startsWith(prefix))
    for (const item of end === -1 ? items : items.slice(0, end)) found.push(item)
    if (end !== -1 || LastEvaluatedKey === undefined) break
    from = LastEvaluatedKey
  }
  return found
}

/** One request for each row. Of several rows for one key, only the last is written. */
const distinct = (
  rows: readonly Row[],
  requestOf: (row: Row) => WriteRequest,
): readonly WriteRequest[] => [
  ...new Map(
    rows.map((row) => [JSON.stringify([row['pk']?.S, row['sk']?.S]), requestOf(row)]),
  ).values(),
]

/**
 * An {@link ItemStore} in a table of DynamoDB. An item whose `ttl` has passed stays visible until
 * DynamoDB removes it.
 *
 * Other errors than those of the port: `STORE_NOT_FOUND` if the table does not exist, and
 * `ACCESS_DENIED` if the credentials do not allow a call.
 *
 * @example
 * ```ts
 * const store = dynamodbItemStore({ table: 'clicks' })
 * await store.put({ partition: 'a', sort: '1' }, { n: 1 })
 * ```
 */
export const dynamodbItemStore = ({
  table,
  client = dynamodbClient(),
  pause = sleep,
}: DynamodbItemStoreOptions): ItemStore => {
  const itemBytesMax = DYNAMODB_ITEM_BYTES_MAX
  const calling = async <T>(action: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call()
    } catch (error) {
      throw storeError(error, `dynamodb:${action}`, table)
    }
  }
  const writing = { client, table, pause }

  return {
    itemBytesMax,
    answeredMs: answerTimeOf(client),
    get: (key: ItemKey): Promise<Item | undefined> =>
      calling('GetItem', async () => {
        const { Item: row } = await client.send(
          new GetItemCommand({ TableName: table, Key: rowKey(key), ConsistentRead: true }),
        )
        return row === undefined ? undefined : itemOf(row)
      }),
    query: (partition: string, query: Query = {}): Promise<readonly KeyedItem[]> =>
      calling('Query', () => readPages(client, table, partition, query)),
    compareAndSet: (key: ItemKey, seen: Item | 'absent', next: Item): Promise<Swap> =>
      calling('PutItem', () => conditionalPut(client, table, rowOf(key, next, itemBytesMax), seen)),
    put: (key: ItemKey, item: Item): Promise<void> =>
      calling('PutItem', async () => {
        await client.send(
          new PutItemCommand({ TableName: table, Item: rowOf(key, item, itemBytesMax) }),
        )
      }),
    putAll: (items: readonly KeyedItem[]): Promise<void> =>
      calling('BatchWriteItem', async () => {
        const rows = items.map((keyed) => rowOf(keyed, keyed.item, itemBytesMax))
        await writeBatches(
          writing,
          distinct(rows, (Item) => ({ PutRequest: { Item } })),
        )
      }),
    deleteAll: (keys: readonly ItemKey[]): Promise<void> =>
      calling('BatchWriteItem', () =>
        writeBatches(
          writing,
          distinct(keys.map(rowKey), (Key) => ({ DeleteRequest: { Key } })),
        ),
      ),
  }
}

const conditionalPut = async (
  client: DynamoDBClient,
  table: string,
  row: Row,
  seen: Item | 'absent',
): Promise<Swap> => {
  try {
    await client.send(
      new PutItemCommand({
        TableName: table,
        Item: row,
        ...seenCondition(seen),
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    )
    return { swapped: true }
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error
    return { swapped: false, current: error.Item === undefined ? undefined : itemOf(error.Item) }
  }
}
