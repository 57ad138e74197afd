/** Topics of SNS as outputs. */
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import type { BindableType } from '../bindable.ts'
import { resourceSink } from '../resource-sink.ts'
import type { StorageSettings } from '../storage-settings.ts'
import { registerSinkKind } from './sink-kind.ts'

/** Any topic: see `AnyBucket`. */
type AnyTopic = ITopic | Topic

declare module '../bindable.ts' {
  interface Bindables {
    topics: ITopic | Topic
  }
}

const topicType: BindableType<'topics'> = {
  property: 'topics',
  noun: 'topic',
  construct: 'an ITopic of aws-cdk-lib/aws-sns',
  isInstance: (value): value is AnyTopic => 'topicArn' in value,
  service: 'sns',
  fromArn: (scope, id, arn) => Topic.fromTopicArn(scope, id, arn),
  arnOf: ({ topicArn }) => topicArn,
}

/** A topic keeps nothing. It can only be reached over TLS. */
const createTopic = (scope: Construct, id: string, { encryptionKey }: StorageSettings): Topic =>
  new Topic(scope, id, {
    enforceSSL: true,
    ...(encryptionKey === undefined ? {} : { masterKey: encryptionKey }),
  })

registerSinkKind(
  resourceSink({
    name: 'sns',
    type: topicType,
    form: 'sns://NAME/messages, by saveTo(sns(...))',
    places: /^sns:\/\/([^/]+)\/messages$/s,
    actions: ['sns:Publish'],
    // Few pipelines need it. Without it the bundler says what to install.
    packages: [],
    create: ({ name }, { scope, storage }) => createTopic(scope, `Topic-${name}`, storage),
    locationOf: ({ topicArn }) => ({ topicArn }),
    // SNS uses the key with the rights of the role that publishes.
    keyOf: ({ masterKey }) => ({ key: masterKey, use: 'both' }),
  }),
)
