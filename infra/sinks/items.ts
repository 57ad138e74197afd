/** Tables of DynamoDB whose key attributes the pipeline names. */
import { resourceSink } from '../resource-sink.ts'
import { createTable } from '../resources.ts'
import { checkResultKeys, resultTable } from '../result-table.ts'
import { registerSinkKind } from './sink-kind.ts'

const keysIn = (path: string): { readonly partitionKey: string; readonly sortKey?: string } => {
  const [partitionKey = '', sortKey] = path.split('/')
  return { partitionKey, ...(sortKey === undefined ? {} : { sortKey }) }
}

registerSinkKind(
  resourceSink({
    ...resultTable,
    name: 'items',
    form: 'items://NAME/KEY, by saveTo(dynamodb(...))',
    places: /^items:\/\/([^/]+)\/(.+)$/s,
    actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
    // The place of an output names its key attributes.
    create: ({ name, path }, { scope, storage }) =>
      createTable(scope, `Table-${name}`, storage, keysIn(path)),
    check: (table, { name, path }) => checkResultKeys(name, table, keysIn(path)),
  }),
)
