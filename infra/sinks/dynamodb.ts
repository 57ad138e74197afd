/** Tables of DynamoDB as outputs. */
import { resourceSink } from '../resource-sink.ts'
import { createTable } from '../resources.ts'
import { checkResultKeys, resultTable } from '../result-table.ts'
import { registerSinkKind } from './sink-kind.ts'

/** The partition key of created tables. It holds the key of a record. */
const KEY = 'key'

registerSinkKind(
  resourceSink({
    ...resultTable,
    name: 'dynamodb',
    form: 'dynamodb://NAME',
    places: /^dynamodb:\/\/([^/]+)(?:\/(.*))?$/s,
    // A condition on the item is part of the write, and needs no right of its own.
    actions: ['dynamodb:PutItem'],
    create: ({ name }, { scope, storage }) =>
      createTable(scope, `Table-${name}`, storage, { partitionKey: KEY }),
    check: (table, { name }) => checkResultKeys(name, table, { partitionKey: KEY, type: 'S' }),
  }),
)
