/** Streams of Kinesis as outputs. */
import { resourceSink } from '../resource-sink.ts'
import { createStream, streamType } from '../stream-type.ts'
import { registerSinkKind } from './sink-kind.ts'

registerSinkKind(
  resourceSink({
    name: 'kinesis-output',
    type: streamType,
    form: 'kinesis://NAME/records, by saveTo(kinesis(...))',
    places: /^kinesis:\/\/([^/]+)\/records$/s,
    actions: ['kinesis:PutRecords'],
    packages: ['@aws-sdk/client-kinesis'],
    create: ({ name }, { scope, storage }) => createStream(scope, `Stream-${name}`, storage),
    locationOf: ({ streamArn }) => ({ stream: streamArn }),
    keyOf: ({ encryptionKey }) => ({ key: encryptionKey, use: 'encrypt' }),
  }),
)
