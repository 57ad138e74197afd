import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientSettings } from '../../lib/adapters/aws/clients.ts'
import { dynamodbClient } from '../../lib/adapters/aws/dynamodb-client.ts'
import { dynamodbItemStore } from '../../lib/adapters/aws/dynamodb-item-store.ts'
import { expectError } from '../contract/errors.ts'
import { itemStoreContract } from '../contract/item-store.contract.ts'

const table = `contract-${randomUUID()}`
const otherClient = new DynamoDBClient(clientSettings())

beforeAll(async () => {
  await dynamodbClient().send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  )
})
afterAll(() => otherClient.destroy())

itemStoreContract('DynamoDB', async () => ({
  store: dynamodbItemStore({ table }),
  other: dynamodbItemStore({ table, client: otherClient }),
}))

test('text that UTF-8 cannot hold stays apart in DynamoDB, and comes back as it was', async () => {
  const store = dynamodbItemStore({ table })
  const partition = `${randomUUID()}\ud800`
  const sorts = ['\ud800', '\udbff\ud800', '\udc00', '\ufffd', 'a\ud83d', 'a😀', '␚', 'pk', 'sk']
  await store.putAll(sorts.map((sort) => ({ partition, sort, item: { [sort]: sort } })))
  for (const sort of sorts) expect(await store.get({ partition, sort })).toEqual({ [sort]: sort })
  expect(new Set((await store.query(partition)).map(({ sort }) => sort))).toEqual(new Set(sorts))
})

test('the store of AWS says what time it is', async () => {
  const store = dynamodbItemStore({ table })
  await store.get({ partition: 'p', sort: 's' })
  expect(Math.abs((store.answeredMs?.() ?? 0) - Date.now())).toBeLessThan(10_000)
})

test('a table that is not there is no store', async () => {
  const store = dynamodbItemStore({ table: `${table}-none` })
  const key = { partition: 'p', sort: 's' }
  await expectError(() => store.get(key), 'STORE_NOT_FOUND')
  await expectError(() => store.putAll([{ ...key, item: {} }]), 'STORE_NOT_FOUND')
  await expectError(() => store.compareAndSet(key, 'absent', {}), 'STORE_NOT_FOUND')
})
