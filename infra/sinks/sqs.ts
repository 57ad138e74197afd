/** Queues of SQS as outputs. */
import { Duration } from 'aws-cdk-lib'
import type { DeployedResources, KindParts, NamedPath } from '../deployed-kind.ts'
import type { KindGrants } from '../grants.ts'
import { queueType } from '../queue-type.ts'
import { createQueue } from '../queues.ts'
import { registerSinkKind, type SinkNeed } from './sink-kind.ts'

const grants = {
  queues: { driver: [{ by: 'code', actions: ['sqs:SendMessage'] }] },
} satisfies KindGrants

const URI = /^sqs:\/\/([^/]+)\/messages$/s

const locate = (place: string): NamedPath | undefined => {
  const [, name] = URI.exec(place) ?? []
  return name === undefined ? undefined : { name, path: '' }
}

/** Who receives the messages is not known: they are tried a few times, and kept for long. */
const SETTINGS = {
  visibilityTimeout: Duration.minutes(5),
  retention: Duration.days(14),
  tries: 5,
} as const

const deploy = (
  needs: readonly SinkNeed[],
  { scope, pool, storage }: KindParts,
): DeployedResources => {
  const outputs = needs.map(({ name }) => ({
    name,
    queue: pool.obtain(
      queueType,
      name,
      () => createQueue(scope, `Queue-${name}`, { ...SETTINGS, storage }).queue,
    ),
  }))
  return {
    locations: Object.fromEntries(
      outputs.map(({ name, queue: { queueUrl } }) => [name, { kind: 'sqs-output', queueUrl }]),
    ),
    reaches: outputs.map(({ queue }) => ({ grants: grants.queues, arnOf: () => queue.queueArn })),
    keys: outputs.map(({ queue }) => ({
      key: queue.encryptionMasterKey,
      role: 'driver',
      use: 'both',
    })),
    commands: [],
  }
}

registerSinkKind({
  name: 'sqs-output',
  type: queueType,
  form: 'sqs://NAME/messages, by saveTo(sqs(...))',
  locate,
  grants,
  packages: ['@aws-sdk/client-sqs'],
  deploy,
})
