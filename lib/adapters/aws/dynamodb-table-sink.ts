/**
 * Writes items of batches to a table of DynamoDB. The partition key of the table is `key`, a
 * string; it has no sort key. Each item is put by one conditional write, and the condition keeps
 * the promises of the port:
 *
 *   time  --- batch 1, epoch 4 --- batch 1, epoch 5 --- batch 2, epoch 6 --------->
 *             puts a               puts a, b            puts a        puts b of epoch 4: refused
 *             stands still . . . . . . . . . . . . . . . . . . . . . wakes up
 *
 * 1. A new item may be put.
 * 2. An item of the same application may be replaced by the same or a newer attempt, for the same
 *    or a newer batch. Equal is allowed because the SDK retries when an answer is lost, and because
 *    a batch that has one key in two partitions puts it twice.
 * 3. Any other item is left unchanged: it has no fence, or the fence of another application.
 *
 * DynamoDB has no commit over all items of a batch, so a batch is not atomic: see `isAtomic` of the
 * port.
 */
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { mapAtOnce } from '../../base/concurrency.ts'
import { isMillraceError, MillraceError } from '../../base/errors.ts'
import type { TableItem } from '../../base/table-item.ts'
import { DYNAMODB_ITEM_BYTES_MAX } from '../../ports/item-store.ts'
import type { OpenBatch, Sink } from '../../ports/sink.ts'
import {
  checkItemReplaceable,
  checkTableKey,
  type ItemStamp,
  latestOfEachKey,
} from '../table-layout.ts'
import { deniedFix, errorName, isDenied, isTransient } from './aws-errors.ts'
import { dynamodbClient } from './dynamodb-client.ts'
import { attributeOf, rowBytes } from './dynamodb-json.ts'
import type { Row } from './dynamodb-row.ts'
import { toStoredText, textOf } from './dynamodb-text.ts'

/** Settings of {@link dynamodbTableSink}. */
export interface DynamodbTableSinkOptions {
  /** The name of the table, or its ARN. */
  readonly table: string
  /** Default: the client of this process. */
  readonly client?: Pick<DynamoDBClient, 'send'>
}

const PUTS_AT_ONCE = 32

const CONDITION =
  'attribute_not_exists(#key) OR (#app = :app AND #batchTime <= :batchTime AND ' +
  '(#generation < :generation OR (#generation = :generation AND #epoch <= :epoch)))'

/**
 * The placeholders of attribute names in a condition, because some names are reserved words of
 * DynamoDB.
 */
const NAMES = Object.fromEntries(
  ['key', 'app', 'batchTime', 'generation', 'epoch'].map((name) => [`#${name}`, name]),
)

const stampAttributes = ({ app, generation, epoch, batchTime }: ItemStamp): Row => ({
  app: { S: app },
  generation: { N: String(generation) },
  epoch: { N: String(epoch) },
  batchTime: { N: String(batchTime) },
})

const rowOf = ({ key, value }: TableItem, stamp: ItemStamp): Row => {
  const stored = toStoredText(key)
  checkTableKey(stored)
  const row = { key: { S: stored }, value: attributeOf(value), ...stampAttributes(stamp) }
  const sizeBytes = rowBytes(row)
  if (sizeBytes <= DYNAMODB_ITEM_BYTES_MAX) return row
  throw new MillraceError('ITEM_TOO_LARGE', {
    problem: `An item of ${sizeBytes} bytes is too large for a table of DynamoDB`,
    value: key,
    allowed: `${DYNAMODB_ITEM_BYTES_MAX} bytes`,
    fix: 'make the value smaller, or divide it over several keys',
  })
}

/** The batch and attempt of a row, as far as the row has them. */
const stampOf = (row: Row): Partial<ItemStamp> => {
  const { app, generation, epoch, batchTime } = row
  return {
    ...(app?.S === undefined ? {} : { app: app.S }),
    generation: Number(generation?.N),
    epoch: Number(epoch?.N),
    batchTime: Number(batchTime?.N),
  }
}

/** The error for a condition that was not met. */
const refusal = ({ Item: there }: ConditionalCheckFailedException, row: Row, stamp: ItemStamp) => {
  if (there !== undefined) checkItemReplaceable(textOf(row['key']?.S ?? ''), stampOf(there), stamp)
  return new MillraceError('OUTPUT_FAILED', {
    problem: 'DynamoDB refused to replace an item, and did not show it',
    retryable: true,
  })
}

const outputError = (error: unknown, table: string): MillraceError => {
  if (isMillraceError(error)) return error
  const shared = { value: table, cause: error }
  if (errorName(error) === 'ResourceNotFoundException')
    return new MillraceError('OUTPUT_FAILED', {
      problem: 'There is no such table in this account and region',
      fix: 'create it with the partition key "key", a string, or correct its name and region',
      ...shared,
    })
  if (errorName(error) === 'ValidationException')
    return new MillraceError('OUTPUT_FAILED', {
      problem: 'The table does not take the item',
      allowed: 'a table with the partition key "key", a string, and without a sort key',
      fix: 'use such a table for the output, or see the cause',
      ...shared,
    })
  if (isDenied(error))
    return new MillraceError('OUTPUT_FAILED', {
      problem: 'DynamoDB refuses dynamodb:PutItem',
      fix: deniedFix('dynamodb:PutItem', `the table ${table}`),
      ...shared,
    })
  return new MillraceError('OUTPUT_FAILED', {
    problem: 'The call dynamodb:PutItem failed',
    retryable: isTransient(error),
    ...shared,
  })
}

/**
 * A {@link Sink} of items in a table of DynamoDB. A partition is put when it is written, each item
 * by its own call, at most 32 at once. Nothing is kept from one partition to the next.
 *
 * Other errors than those of the port: `KEY_UNSUPPORTED` for an empty key or one over 2,048 bytes,
 * `VALUE_UNSUPPORTED`, `ITEM_TOO_LARGE`. They are thrown before the first item of the partition is
 * put.
 *
 * @example
 * ```ts
 * const sink = dynamodbTableSink({ table: 'totals' })
 * const fence = { app: 'a', generation: 1, epoch: 1 }
 * const batch = await sink.open({ path: '1000', timeMs: 1_000 }, fence)
 * await batch.write(0, [{ key: 'to', value: 2 }])
 * await batch.finish()
 * ```
 */
export const dynamodbTableSink = ({
  table,
  client = dynamodbClient(),
}: DynamodbTableSinkOptions): Sink<readonly TableItem[]> => ({
  description: `table ${table}`,
  isAtomic: false,
  async open({ timeMs }, { app, generation, epoch }): Promise<OpenBatch<readonly TableItem[]>> {
    const stamp: ItemStamp = { app, generation, epoch, batchTime: timeMs }
    const condition = {
      ConditionExpression: CONDITION,
      ExpressionAttributeNames: NAMES,
      ExpressionAttributeValues: Object.fromEntries(
        Object.entries(stampAttributes(stamp)).map(([name, value]) => [`:${name}`, value]),
      ),
    }
    const put = async (row: Row): Promise<void> => {
      const command = new PutItemCommand({
        TableName: table,
        Item: row,
        ...condition,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      })
      await client.send(command)
    }
    return {
      async write(_, items): Promise<void> {
        const rows = latestOfEachKey(items).map((item) => rowOf(item, stamp))
        await mapAtOnce(rows, PUTS_AT_ONCE, async (row) => {
          try {
            await put(row)
          } catch (error) {
            if (error instanceof ConditionalCheckFailedException) throw refusal(error, row, stamp)
            throw outputError(error, table)
          }
        })
      },
      finish: async () => undefined,
      abandon: async () => undefined,
    }
  },
})
