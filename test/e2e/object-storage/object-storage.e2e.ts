/**
 * The scenarios of docs/sources/object-storage.md on the emulator. With `-u`, the page gets what
 * was seen.
 */
import { CreateTableCommand } from '@aws-sdk/client-dynamodb'
import { randomUUID } from 'node:crypto'
import { beforeAll } from 'vitest'
import { dynamodbClient } from '../../../lib/adapters/aws/dynamodb-client.ts'
import { playAll } from '../../object-storage/play-all.ts'
import { emulatorPlace } from './emulator-side.ts'

const table = `objects-${randomUUID()}`

beforeAll(async () => {
  await dynamodbClient().send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S' as const,
      })),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  )
})

playAll(['emulator', 'emulatorVersions'], (backend, scenario) =>
  emulatorPlace(table, scenario, backend === 'emulatorVersions'),
)
