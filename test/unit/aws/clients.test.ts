import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, test } from 'vitest'
import { counted, countCalls, unlogged } from '../../../lib/adapters/aws/clients.ts'
import { dynamodbItemStore } from '../../../lib/adapters/aws/dynamodb-item-store.ts'
import { meterDynamodb } from '../../../lib/adapters/aws/metering.ts'
import { usageMeter } from '../../../lib/ports/meter.ts'

/** A client whose calls find nothing, and what it writes for its logger. */
const clientWith = (): { readonly client: DynamoDBClient; readonly written: unknown[] } => {
  const written: unknown[] = []
  const info = (given: unknown): void => void written.push(given)
  const nothing = (): void => undefined
  const handle = async (): Promise<object> => ({
    response: { statusCode: 200, headers: {}, body: new TextEncoder().encode('{}') },
  })
  const client = new DynamoDBClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    logger: { debug: nothing, info, warn: nothing, error: nothing },
    requestHandler: { handle } as never,
  })
  return { client, written }
}

const call = (client: DynamoDBClient): Promise<unknown> =>
  dynamodbItemStore({ table: 'clicks', client }).get({ partition: 'p', sort: 's' })

describe('the clients of a process', () => {
  afterEach(() => countCalls(undefined))

  test.each([
    ['as the SDK makes it', (client: DynamoDBClient) => client, 1],
    ['unlogged', unlogged, 0],
    ['as the process makes it', (client: DynamoDBClient) => counted(client, meterDynamodb), 0],
  ])('a client %s writes its calls so often', async (_, made, times) => {
    const { client, written } = clientWith()
    await call(made(client))
    expect(written).toHaveLength(times)
  })

  test('a client is still counted', async () => {
    const meter = usageMeter()
    countCalls(meter)
    const calls: string[] = []
    const client = counted(clientWith().client, (_, to) => {
      expect(to).toBe(meter)
      calls.push('counted')
    })
    await call(client)
    expect(calls).toEqual(['counted'])
  })
})
