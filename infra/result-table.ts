/** What the kinds of sinks that write to tables of DynamoDB have in common. */
import type { ResourceSink } from './resource-sink.ts'
import { tableType } from './tables.ts'

/** A table that an output writes to. */
export const resultTable: Pick<
  ResourceSink<'tables'>,
  'type' | 'packages' | 'locationOf' | 'keyOf' | 'seen'
> = {
  type: tableType,
  packages: ['@aws-sdk/client-dynamodb'],
  locationOf: ({ tableName }) => ({ table: tableName }),
  // DynamoDB uses the key with the rights of the role that writes.
  keyOf: ({ encryptionKey }) => ({ key: encryptionKey, use: 'both' }),
  seen: ({ tableName }) => `aws dynamodb scan --table-name ${tableName} --max-items 10`,
}
