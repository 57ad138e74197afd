/** Queues of SQS as outputs. */
import { Duration } from 'aws-cdk-lib'
import { queueType } from '../queue-type.ts'
import { createQueue } from '../queues.ts'
import { resourceSink } from '../resource-sink.ts'
import { registerSinkKind } from './sink-kind.ts'

/** Who receives the messages is not known: they are tried a few times, and kept for long. */
const SETTINGS = {
  visibilityTimeout: Duration.minutes(5),
  retention: Duration.days(14),
  tries: 5,
} as const

registerSinkKind(
  resourceSink({
    name: 'sqs-output',
    type: queueType,
    form: 'sqs://NAME/messages, by saveTo(sqs(...))',
    places: /^sqs:\/\/([^/]+)\/messages$/s,
    actions: ['sqs:SendMessage'],
    packages: ['@aws-sdk/client-sqs'],
    create: ({ name }, { scope, storage }) =>
      createQueue(scope, `Queue-${name}`, { ...SETTINGS, storage }).queue,
    locationOf: ({ queueUrl }) => ({ queueUrl }),
    keyOf: ({ encryptionMasterKey }) => ({ key: encryptionMasterKey, use: 'both' }),
  }),
)
