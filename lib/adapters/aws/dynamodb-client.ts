import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { clientSettings, once } from './clients.ts'

/** The client of DynamoDB of this process. */
export const dynamodbClient: () => DynamoDBClient = once(() => new DynamoDBClient(clientSettings()))
