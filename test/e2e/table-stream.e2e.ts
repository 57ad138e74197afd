/** The stream of a table, read by a machine itself, against the emulator. */
import {
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTableStream } from '../../lib/adapters/aws/table-stream-reader.ts'
import { changeOf } from '../../lib/dstream/sources/dynamodb-change.ts'
import type { TableStreamReader } from '../../lib/ports/table-stream.ts'

const TABLE = 'streamed-orders'
const tables = new DynamoDBClient({})
let reader: TableStreamReader

const put = async (id: string, total: number): Promise<void> => {
  const Item = { id: { S: id }, total: { N: String(total) }, bytes: { B: Uint8Array.of(1, 2) } }
  await tables.send(new PutItemCommand({ TableName: TABLE, Item }))
}

beforeAll(async () => {
  await tables.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  )
  reader = await openTableStream(TABLE)
})
afterAll(() => {
  reader.close()
  tables.destroy()
})

/** What a shard gives until it gives nothing a few times, and the last sequence number. */
const readFrom = async (after?: string) => {
  const { shards } = await reader.describe()
  const cursor = reader.open(shards[0]?.shardId ?? '', after)
  const found = []
  for (let empty = 0; empty < 3;) {
    const { records, isEnd } = await cursor.next()
    found.push(...records)
    empty = records.length === 0 ? empty + 1 : 0
    if (isEnd) break
  }
  const changes = found.map(({ event }) => changeOf(JSON.stringify(event)))
  return { changes, last: found.at(-1)?.sequenceNumber ?? '' }
}

test('gives changes with their images, and goes on after a sequence number', async () => {
  await put('a', 1)
  await put('a', 2)
  const first = await readFrom()
  expect(first.changes).toMatchObject([
    { event: 'INSERT', keys: { id: 'a' }, newImage: { total: 1, bytes: Uint8Array.of(1, 2) } },
    { event: 'MODIFY', keys: { id: 'a' }, oldImage: { total: 1 }, newImage: { total: 2 } },
  ])
  await tables.send(new DeleteItemCommand({ TableName: TABLE, Key: { id: { S: 'a' } } }))
  const next = await readFrom(first.last)
  expect(next.changes).toMatchObject([{ event: 'REMOVE', oldImage: { total: 2 } }])
})
