/** What `millrace/sqs` exports: queues of SQS as outputs. */
import './kind.ts'

export { sqs } from './sqs.ts'
