/** Writes rows as items of a table of DynamoDB that has key attributes of its own. */
import { loadAws } from '../../adapters/aws/packages.ts'
import { tableTarget } from '../../runtime/sinks/dynamodb/table-target.ts'
import { afterScheme, registerNamedKind } from '../connected/named-kind.ts'
import { encodeRows } from '../rows/encode-rows.ts'

registerNamedKind({
  name: 'items',
  noun: 'a table of DynamoDB',
  property: 'table',
  form: {
    shown: 'dynamodb:TABLE',
    example: 'dynamodb:scores',
    schemes: ['dynamodb'],
    parse(uri) {
      const table = afterScheme(uri)
      return /^[\w.-]{3,255}$/.test(table) || table.startsWith('arn:') ? table : undefined
    },
    problem: 'This is not the name of a table of DynamoDB',
    allowed: 'dynamodb:TABLE, with 3 to 255 letters, digits, and . _ -, or its ARN',
    fix: 'for example dynamodb:scores',
  },
  takes: ['rows'],
  // A table has one output, whatever its keys are.
  target: tableTarget,
  stored: { example: 'name' },
  async connect(table, { clock }) {
    const { dynamodbRowSink } = await loadAws(
      () => import('../../adapters/aws/dynamodb-row-sink.ts'),
    )
    return dynamodbRowSink({ table, clock })
  },
  encode: encodeRows,
})
