import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { clientSettings, counted, once } from './clients.ts'
import { meterDynamodb } from './metering.ts'

/** The client of DynamoDB of this process. */
export const dynamodbClient: () => DynamoDBClient = once(() =>
  counted(new DynamoDBClient(clientSettings()), meterDynamodb),
)
