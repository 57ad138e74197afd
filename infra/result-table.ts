/** What the kinds of sinks that write to tables of DynamoDB have in common. */
import { MillraceError } from '../lib/base/errors.ts'
import type { ResourceSink } from './resource-sink.ts'
import type { AnyTable } from './resources.ts'
import { shapeOf } from './table-shape.ts'
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

/** The keys that an output writes. */
export interface ResultKeys {
  readonly partitionKey: string
  readonly sortKey?: string | undefined
  /** The type that the partition key must have. Left out: any. */
  readonly type?: 'S'
}

/**
 * Checks the keys of a table. With others each write would be refused, in the first batch.
 *
 * @throws MillraceError `BINDING_UNFIT`.
 */
export const checkResultKeys = (
  name: string,
  table: AnyTable,
  { partitionKey, sortKey, type }: ResultKeys,
): void => {
  const shape = shapeOf(table)
  if (shape === undefined) return
  const [partition, sort] = [
    shape.keys.find(({ role }) => role === 'HASH'),
    shape.keys.find(({ role }) => role === 'RANGE'),
  ]
  const isTyped = type === undefined || partition?.type === type
  if (partition?.name === partitionKey && sort?.name === sortKey && isTyped) return
  const shown = (key: string, sorted: string | undefined): string =>
    `partition key ${key}, ${sorted === undefined ? 'no sort key' : `sort key ${sorted}`}`
  const ofType = type === undefined ? '' : ', a string'
  throw new MillraceError('BINDING_UNFIT', {
    problem: `The table of the output "${name}" has other keys than the output writes`,
    value: shown(`${partition?.name} (${partition?.type})`, sort?.name),
    allowed: shown(`${partitionKey}${ofType}`, sortKey),
    fix:
      `bind "${name}" to a table with these keys, or leave it out and one is created` +
      (type === undefined ? '' : '. To name keys of your own, use saveTo(dynamodb(...))'),
  })
}
