/** What `millrace/eventbridge` exports: event buses as outputs. */
import './kind.ts'

export { eventbridge } from './eventbridge.ts'
