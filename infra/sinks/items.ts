/** Tables of DynamoDB whose key attributes the pipeline names. */
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import type { DeployedResources, KindParts, NamedPath } from '../deployed-kind.ts'
import type { KindGrants } from '../grants.ts'
import { createTable } from '../resources.ts'
import { tableType } from '../tables.ts'
import { registerSinkKind, type SinkNeed } from './sink-kind.ts'

const grants = {
  tables: {
    driver: [{ by: 'code', actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'] }],
  },
} satisfies KindGrants

const URI = /^items:\/\/([^/]+)\/(.+)$/s

const locate = (place: string): NamedPath | undefined => {
  const [, name, path] = URI.exec(place) ?? []
  return name === undefined || path === undefined ? undefined : { name, path }
}

const deploy = (
  needs: readonly SinkNeed[],
  { scope, pool, storage }: KindParts,
): DeployedResources => {
  // The place of an output names its key attributes.
  const create = ({ name, path }: SinkNeed): Table => {
    const [partitionKey = '', sortKey] = path.split('/')
    const keys = { partitionKey, ...(sortKey === undefined ? {} : { sortKey }) }
    return createTable(scope, `Table-${name}`, storage, keys)
  }
  const outputs = needs.map((need) => ({
    name: need.name,
    table: pool.obtain(tableType, need.name, () => create(need)),
  }))
  return {
    locations: Object.fromEntries(
      outputs.map(({ name, table: { tableName: table } }) => [name, { kind: 'items', table }]),
    ),
    reaches: outputs.map(({ table }) => ({ grants: grants.tables, arnOf: () => table.tableArn })),
    keys: outputs.map(({ table }) => ({ key: table.encryptionKey, role: 'driver', use: 'both' })),
    commands: outputs.map(({ name, table }) => ({
      id: `See-${name}`,
      value: `aws dynamodb scan --table-name ${table.tableName} --max-items 10`,
      description: `Lists the results: ${name}`,
    })),
  }
}

registerSinkKind({
  name: 'items',
  type: tableType,
  form: 'items://NAME/KEY, by saveTo(dynamodb(...))',
  locate,
  grants,
  packages: ['@aws-sdk/client-dynamodb'],
  deploy,
})
