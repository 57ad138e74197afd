/** Streams of Kinesis that names of a pipeline can be bound to. */
import { type IStream, Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis'
import type { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import type { BindableType } from './bindable.ts'
import type { StorageSettings } from './storage-settings.ts'

/** Any stream: see `AnyBucket`. */
export type AnyStream = IStream | Stream

declare module './bindable.ts' {
  interface Bindables {
    streams: IStream | Stream
  }
}

/** Any stream. */
export const streamType: BindableType<'streams'> = {
  property: 'streams',
  noun: 'stream',
  construct: 'an IStream of aws-cdk-lib/aws-kinesis',
  isInstance: (value): value is AnyStream => 'streamArn' in value,
  service: 'kinesis',
  fromArn: (scope, id, arn) => Stream.fromStreamArn(scope, id, arn),
  arnOf: ({ streamArn }) => streamArn,
}

/** Creates a stream that grows by itself. */
export const createStream = (
  scope: Construct,
  id: string,
  { removalPolicy, encryptionKey, streamRetention }: StorageSettings,
): Stream => {
  const stream = new Stream(scope, id, {
    streamMode: StreamMode.ON_DEMAND,
    retentionPeriod: streamRetention,
    removalPolicy,
    ...(encryptionKey === undefined
      ? { encryption: StreamEncryption.MANAGED }
      : { encryption: StreamEncryption.KMS, encryptionKey }),
  })
  if (encryptionKey !== undefined)
    acknowledge(stream, 'AwsSolutions-KDS3', 'The key was given by the owner of the stack.')
  return stream
}
