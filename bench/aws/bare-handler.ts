/**
 * The least that a function with a table can be: the SDK's client, and one item written. What the
 * functions are compared with.
 */
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'

const client = new DynamoDBClient({})

/** Writes one item. */
export const handler = async (): Promise<void> => {
  await client.send(
    new PutItemCommand({ TableName: 'clicks', Item: { pk: { S: 'bare' }, sk: { S: '-' } } }),
  )
}
