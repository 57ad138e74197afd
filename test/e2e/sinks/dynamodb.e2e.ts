import { CreateTableCommand, paginateScan } from '@aws-sdk/client-dynamodb'
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { dynamodbClient } from '../../../lib/adapters/aws/dynamodb-client.ts'
import { killAndCompare } from '../../process/sink-kills.ts'

const createTable = async (...keys: readonly string[]): Promise<string> => {
  const name = `items-${randomUUID()}`
  await dynamodbClient().send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keys.map((AttributeName, index) => ({
        AttributeName,
        KeyType: index === 0 ? 'HASH' : 'RANGE',
      })),
    }),
  )
  return name
}

const KILLS = 50

test(
  'items of DynamoDB are exact after fifty kills of the pipeline',
  { timeout: 900_000 },
  async () => {
    const tables = { totals: await createTable('word'), counts: await createTable('kind', 'word') }
    const { again, words } = await killAndCompare(
      { kills: KILLS, seed: 20_264, pipeline: 'word-items' },
      () => ({
        bindings: [`totals=dynamodb:${tables.totals}`, `counts=dynamodb:${tables.counts}`],
        async sums(table) {
          const sums = new Map<string, number>()
          const pages = paginateScan({ client: dynamodbClient() }, { TableName: tables[table] })
          for await (const { Items = [] } of pages)
            for (const { word, n } of Items) sums.set(word?.S ?? '', Number(n?.N))
          return sums
        },
      }),
    )
    expect(again).toBeGreaterThan(KILLS / 4)
    process.stdout.write(`${KILLS} kills, ${again} batches tried again, ${words} words exact\n`)
  },
)
