/** `millrace/dynamodb-streams`: changes of tables as sources. Whoever imports it can read them. */
import '../runtime/sources/dynamodb-stream/kind.ts'

export type { ChangeValue, DynamodbChange } from '../dstream/sources/dynamodb-change.ts'
export {
  type DynamodbDecodeOptions,
  dynamodbStream,
  type DynamodbStreamOptions,
  type DynamodbView,
} from '../dstream/sources/dynamodb-stream.ts'
