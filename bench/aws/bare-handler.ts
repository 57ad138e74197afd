/**
 * The smallest function that uses a table: it has the SDK's client, and writes one item. The
 * functions of Millrace are compared with it.
 */
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'

const client = new DynamoDBClient({})

/** Writes one item. */
export const handler = async (): Promise<void> => {
  await client.send(
    new PutItemCommand({ TableName: 'clicks', Item: { pk: { S: 'bare' }, sk: { S: '-' } } }),
  )
}
