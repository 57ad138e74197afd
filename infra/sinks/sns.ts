/** Topics of SNS as outputs. */
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import type { BindableType } from '../bindable.ts'
import type { DeployedResources, KindParts, NamedPath } from '../deployed-kind.ts'
import type { KindGrants } from '../grants.ts'
import type { StorageSettings } from '../storage-settings.ts'
import { registerSinkKind, type SinkNeed } from './sink-kind.ts'

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

const grants = {
  topics: { driver: [{ by: 'code', actions: ['sns:Publish'] }] },
} satisfies KindGrants

const URI = /^sns:\/\/([^/]+)\/messages$/s

const locate = (place: string): NamedPath | undefined => {
  const [, name] = URI.exec(place) ?? []
  return name === undefined ? undefined : { name, path: '' }
}

/** A topic keeps nothing. It can only be reached over TLS. */
const createTopic = (scope: Construct, id: string, { encryptionKey }: StorageSettings): Topic =>
  new Topic(scope, id, {
    enforceSSL: true,
    ...(encryptionKey === undefined ? {} : { masterKey: encryptionKey }),
  })

const deploy = (
  needs: readonly SinkNeed[],
  { scope, pool, storage }: KindParts,
): DeployedResources => {
  const outputs = needs.map(({ name }) => ({
    name,
    topic: pool.obtain(topicType, name, () => createTopic(scope, `Topic-${name}`, storage)),
  }))
  return {
    locations: Object.fromEntries(
      outputs.map(({ name, topic: { topicArn } }) => [name, { kind: 'sns', topicArn }]),
    ),
    reaches: outputs.map(({ topic }) => ({ grants: grants.topics, arnOf: () => topic.topicArn })),
    // SNS uses the key with the rights of the role that publishes.
    keys: outputs.map(({ topic: { masterKey: key } }) => ({ key, role: 'driver', use: 'both' })),
    commands: [],
  }
}

registerSinkKind({
  name: 'sns',
  type: topicType,
  form: 'sns://NAME/messages, by saveTo(sns(...))',
  locate,
  grants,
  // Few pipelines need it. Without it the bundler says what to install.
  packages: [],
  deploy,
})
