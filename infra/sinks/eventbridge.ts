/** Event buses of EventBridge as outputs. */
import { EventBus, type IEventBus } from 'aws-cdk-lib/aws-events'
import type { Construct } from 'constructs'
import type { BindableType } from '../bindable.ts'
import { resourceSink } from '../resource-sink.ts'
import type { StorageSettings } from '../storage-settings.ts'
import { registerSinkKind } from './sink-kind.ts'

/** Any bus: see `AnyBucket`. */
type AnyBus = IEventBus | EventBus

declare module '../bindable.ts' {
  interface Bindables {
    buses: IEventBus | EventBus
  }
}

const busType: BindableType<'buses'> = {
  property: 'buses',
  noun: 'event bus',
  construct: 'an IEventBus of aws-cdk-lib/aws-events',
  isInstance: (value): value is AnyBus => 'eventBusArn' in value,
  service: 'events',
  fromArn: (scope, id, arn) => EventBus.fromEventBusArn(scope, id, arn),
  arnOf: ({ eventBusArn }) => eventBusArn,
}

/** EventBridge itself uses the key: the policy of the key allows it. */
const createBus = (scope: Construct, id: string, { encryptionKey }: StorageSettings): EventBus =>
  new EventBus(scope, id, encryptionKey === undefined ? {} : { kmsKey: encryptionKey })

registerSinkKind(
  resourceSink({
    name: 'eventbridge',
    type: busType,
    form: 'eventbridge://NAME/EVENTS, by saveTo(eventbridge(...))',
    places: /^eventbridge:\/\/([^/]+)\/(.+)$/s,
    actions: ['events:PutEvents'],
    // Few pipelines need it. Without it the bundler says what to install.
    packages: [],
    create: ({ name }, { scope, storage }) => createBus(scope, `Bus-${name}`, storage),
    locationOf: ({ eventBusArn }) => ({ bus: eventBusArn }),
  }),
)
