/** Tables of DynamoDB as outputs. */
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import type { DeployedResources, KindParts, NamedPath } from '../deployed-kind.ts'
import type { KindGrants } from '../grants.ts'
import { createTable } from '../resources.ts'
import { tableType } from '../tables.ts'
import { registerSinkKind, type SinkNeed } from './sink-kind.ts'

/** A condition on the item is part of the write, and needs no right of its own. */
const grants = {
  tables: { driver: [{ by: 'code', actions: ['dynamodb:PutItem'] }] },
} satisfies KindGrants

/** The partition key of created tables. It holds the key of a record. */
const KEY = 'key'

const URI = /^dynamodb:\/\/([^/]+)(?:\/(.*))?$/s

const locate = (place: string): NamedPath | undefined => {
  const [, name, path = ''] = URI.exec(place) ?? []
  return name === undefined ? undefined : { name, path }
}

const deploy = (
  needs: readonly SinkNeed[],
  { scope, pool, storage }: KindParts,
): DeployedResources => {
  const create = (name: string): Table =>
    createTable(scope, `Table-${name}`, storage, { partitionKey: KEY })
  const outputs = needs.map(({ name }) => ({
    name,
    table: pool.obtain(tableType, name, () => create(name)),
  }))
  return {
    locations: Object.fromEntries(
      outputs.map(({ name, table: { tableName: table } }) => [name, { kind: 'dynamodb', table }]),
    ),
    reaches: outputs.map(({ table }) => ({ grants: grants.tables, arnOf: () => table.tableArn })),
    // DynamoDB uses the key with the rights of the role that writes.
    keys: outputs.map(({ table }) => ({ key: table.encryptionKey, role: 'driver', use: 'both' })),
    commands: outputs.map(({ name, table }) => ({
      id: `See-${name}`,
      value: `aws dynamodb scan --table-name ${table.tableName} --max-items 10`,
      description: `Lists the results: ${name}`,
    })),
  }
}

registerSinkKind({
  name: 'dynamodb',
  type: tableType,
  form: 'dynamodb://NAME',
  locate,
  grants,
  packages: ['@aws-sdk/client-dynamodb'],
  deploy,
})
