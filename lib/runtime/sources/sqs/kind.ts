/** Reads messages of an SQS queue. */
import { TEXT } from '../../../dstream/sources/declaration.ts'
import { registerSourceKind, type SourceKind } from '../source-kind.ts'
import { messagesInput, messagesReader } from '../lanes/message-reader.ts'
import { MESSAGE_LANE, sqsEvents, type SqsLocation } from './event.ts'

const sqs: SourceKind<SqsLocation> = {
  name: 'sqs',
  noun: 'an SQS queue',
  gives: [TEXT],
  isAvailable: () => true,
  parseDeployed: ({ queueArn }) =>
    typeof queueArn === 'string' && queueArn !== '' ? { kind: 'sqs', queueArn } : undefined,
  deployedForm: '{ "kind": "sqs", "queueArn": "arn:..." }',
  locateReplay: ({ storesMessages = false }, { input }) =>
    input === messagesInput.name && !storesMessages
      ? { kind: 'sqs', queueArn: 'a queue that is not read' }
      : undefined,
  describe: ({ queueArn }) => ({ what: `messages of ${queueArn}` }),
  open: (_, { store, app, source, held }) => ({
    reader: messagesReader({ store, app, source, held, isRead: (lane) => lane === MESSAGE_LANE }),
  }),
  input: messagesInput,
  events: () => sqsEvents,
}

registerSourceKind(sqs)
