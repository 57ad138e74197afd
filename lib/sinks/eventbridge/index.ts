/** What `millrace/eventbridge` exports: event buses as outputs. */
import './kind.ts'

export { eventbridge, type EventOptions } from './eventbridge.ts'
