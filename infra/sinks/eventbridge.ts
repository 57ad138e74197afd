/** Event buses of EventBridge as outputs. */
import { EventBus, type IEventBus } from 'aws-cdk-lib/aws-events'
import type { Construct } from 'constructs'
import type { BindableType } from '../bindable.ts'
import type { DeployedResources, KindParts, NamedPath } from '../deployed-kind.ts'
import type { KindGrants } from '../grants.ts'
import type { StorageSettings } from '../storage-settings.ts'
import { registerSinkKind, type SinkNeed } from './sink-kind.ts'

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

const grants = {
  buses: { driver: [{ by: 'code', actions: ['events:PutEvents'] }] },
} satisfies KindGrants

const URI = /^eventbridge:\/\/([^/]+)\/(.+)$/s

const locate = (place: string): NamedPath | undefined => {
  const [, name, path] = URI.exec(place) ?? []
  return name === undefined || path === undefined ? undefined : { name, path }
}

/** EventBridge itself uses the key: the policy of the key allows it. */
const createBus = (scope: Construct, id: string, { encryptionKey }: StorageSettings): EventBus =>
  new EventBus(scope, id, encryptionKey === undefined ? {} : { kmsKey: encryptionKey })

const deploy = (
  needs: readonly SinkNeed[],
  { scope, pool, storage }: KindParts,
): DeployedResources => {
  // Several outputs may share a bus.
  const buses = [...new Set(needs.map(({ name }) => name))].map((name) => ({
    name,
    bus: pool.obtain(busType, name, () => createBus(scope, `Bus-${name}`, storage)),
  }))
  return {
    locations: Object.fromEntries(
      buses.map(({ name, bus: { eventBusArn: bus } }) => [name, { kind: 'eventbridge', bus }]),
    ),
    reaches: buses.map(({ bus }) => ({ grants: grants.buses, arnOf: () => bus.eventBusArn })),
    keys: [],
    commands: [],
  }
}

registerSinkKind({
  name: 'eventbridge',
  type: busType,
  form: 'eventbridge://NAME/EVENTS, by saveTo(eventbridge(...))',
  locate,
  grants,
  // Few pipelines need it. Without it the bundler says what to install.
  packages: [],
  deploy,
})
