/** What `millrace/kinesis` exports: streams of Kinesis as outputs. */
import './kind.ts'

export { kinesis, type RecordOptions } from './kinesis.ts'
