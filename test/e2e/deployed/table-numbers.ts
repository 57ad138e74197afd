/** Tables of DynamoDB with a number in each item. */
import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { dynamodbClient } from '../../../lib/adapters/aws/dynamodb-client.ts'

/** The attributes that are read: those of `saveToTable` by default. */
export interface NumberAttributes {
  readonly key?: string
  readonly value?: string
}

/** The numbers of a table, by its key. They may be stored as texts. */
export const numbersOf = async (
  TableName: string,
  { key = 'key', value = 'value' }: NumberAttributes = {},
): Promise<Readonly<Record<string, number>>> => {
  const { Items = [] } = await dynamodbClient().send(
    new ScanCommand({ TableName, ConsistentRead: true }),
  )
  return Object.fromEntries(
    Items.map((item) => [item[key]?.S ?? '', Number(item[value]?.N ?? item[value]?.S)]),
  )
}
