/** What `millrace/dynamodb` exports: items of tables with key attributes of their own. */
import './kind.ts'

export { dynamodb, type ItemOptions } from './dynamodb.ts'
