/** Reads messages of an SQS queue. */
import { TEXT } from '../../../dstream/sources/declaration.ts'
import { registerSourceKind, type SourceKind } from '../source-kind.ts'
import { sqsEvents, type SqsLocation } from './event.ts'
import { sqsInput, sqsReader } from './reader.ts'

const sqs: SourceKind<SqsLocation> = {
  name: 'sqs',
  noun: 'an SQS queue',
  gives: [TEXT],
  isAvailable: () => true,
  parseDeployed: ({ queueArn }) =>
    typeof queueArn === 'string' && queueArn !== '' ? { kind: 'sqs', queueArn } : undefined,
  deployedForm: '{ "kind": "sqs", "queueArn": "arn:..." }',
  describe: ({ queueArn }) => ({ what: `messages of ${queueArn}` }),
  open: (_, { store, app, source, held }) => ({ reader: sqsReader({ store, app, source, held }) }),
  input: sqsInput,
  events: () => sqsEvents,
}

registerSourceKind(sqs)
