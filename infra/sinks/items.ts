/** Tables of DynamoDB whose key attributes the pipeline names. */
import { resourceSink } from '../resource-sink.ts'
import { createTable } from '../resources.ts'
import { resultTable } from '../result-table.ts'
import { registerSinkKind } from './sink-kind.ts'

registerSinkKind(
  resourceSink({
    ...resultTable,
    name: 'items',
    form: 'items://NAME/KEY, by saveTo(dynamodb(...))',
    places: /^items:\/\/([^/]+)\/(.+)$/s,
    actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
    // The place of an output names its key attributes.
    create({ name, path }, { scope, storage }) {
      const [partitionKey = '', sortKey] = path.split('/')
      const keys = { partitionKey, ...(sortKey === undefined ? {} : { sortKey }) }
      return createTable(scope, `Table-${name}`, storage, keys)
    },
  }),
)
