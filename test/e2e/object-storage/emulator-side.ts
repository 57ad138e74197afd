/**
 * A bucket of the emulator as the bucket of a place: it notifies a queue, which the test reads for
 * intake.
 */
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  RestoreObjectCommand,
} from '@aws-sdk/client-s3'
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { clientSettings } from '../../../lib/adapters/aws/clients.ts'
import { dynamodbItemStore } from '../../../lib/adapters/aws/dynamodb-item-store.ts'
import { s3Client } from '../../../lib/adapters/aws/s3-client.ts'
import { s3ObjectStore } from '../../../lib/adapters/aws/s3-object-store.ts'
import { type BucketSide, functionsPlace } from '../../object-storage/functions-place.ts'
import type { Place } from '../../object-storage/place.ts'
import type { Scenario } from '../../object-storage/scenario.ts'

const sqs = new SQSClient(clientSettings())

const newQueue = async (name: string): Promise<{ readonly url: string; readonly arn: string }> => {
  const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name }))
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
  )
  return { url, arn: Attributes?.['QueueArn'] ?? '' }
}

const newBucket = async (name: string, isVersioned: boolean, arn: string): Promise<void> => {
  const s3 = s3Client()
  await s3.send(new CreateBucketCommand({ Bucket: name }))
  if (isVersioned)
    await s3.send(
      new PutBucketVersioningCommand({
        Bucket: name,
        VersioningConfiguration: { Status: 'Enabled' },
      }),
    )
  const QueueConfigurations = [
    { QueueArn: arn, Events: ['s3:ObjectCreated:*' as const, 's3:ObjectRemoved:*' as const] },
  ]
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: name,
      NotificationConfiguration: { QueueConfigurations },
    }),
  )
}

interface Sequenced {
  readonly Records: readonly { readonly s3: { readonly object: { readonly sequencer?: string } } }[]
}

/** On the emulator, sequencers count the uploads of all buckets. */
const orderOf = (body: string): string =>
  (JSON.parse(body) as Sequenced).Records[0]?.s3.object.sequencer ?? ''

/** Takes messages from a queue until as many as are expected have come. */
const receive = async (url: string, expected: number): Promise<readonly string[]> => {
  const bodies: string[] = []
  for (let tries = 0; bodies.length < expected && tries < 100; tries++) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }),
    )
    for (const { Body = '', ReceiptHandle } of Messages) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }))
      if ('Records' in (JSON.parse(Body) as object)) bodies.push(Body)
    }
    if (Messages.length === 0) await sleep(20)
  }
  if (bodies.length < expected) throw new Error(`${bodies.length} of ${expected} messages came`)
  return bodies
}

const cannot = async (): Promise<never> => {
  throw new Error('the emulator cannot do this')
}

const emulatorSide = async (name: string, isVersioned: boolean): Promise<BucketSide> => {
  const { url, arn } = await newQueue(name)
  await newBucket(name, isVersioned, arn)
  const s3 = s3Client()
  let sent = 0
  const written = new Map<string, { readonly atMs: number; readonly batch: number }>()
  let batch = 0
  /** An upload of a later batch is of a later second, as where batches take their time. */
  const inLaterSecond = async (key: string): Promise<void> => {
    const last = written.get(key)
    if (last !== undefined && last.batch < batch)
      await sleep(Math.max(0, last.atMs + 1_000 - Date.now()))
    written.set(key, { atMs: Date.now(), batch })
  }
  const copy = async (from: string, to: string): Promise<void> => {
    await inLaterSecond(to)
    const source = `${name}/${from.split('/').map(encodeURIComponent).join('/')}`
    await s3.send(
      new CopyObjectCommand({
        Bucket: name,
        Key: to,
        CopySource: source,
        MetadataDirective: 'REPLACE',
      }),
    )
    sent += 1
  }
  return {
    name,
    objects: s3ObjectStore({ bucket: name }),
    async put(key, { bytes = Buffer.from(`${basename(key)}\n`), isArchived = false } = {}) {
      await inLaterSecond(key)
      const Body = Uint8Array.from(bytes)
      const kept = isArchived ? { StorageClass: 'GLACIER' as const } : {}
      await s3.send(new PutObjectCommand({ Bucket: name, Key: key, Body, ...kept }))
      sent += 1
    },
    copy,
    touch: (key) => copy(key, key),
    append: cannot,
    async remove(key) {
      await s3.send(new DeleteObjectCommand({ Bucket: name, Key: key }))
      sent += 1
    },
    async restore(key) {
      await s3.send(
        new RestoreObjectCommand({ Bucket: name, Key: key, RestoreRequest: { Days: 1 } }),
      )
    },
    skew: cannot,
    async messages() {
      const bodies = await receive(url, sent)
      sent = 0
      batch += 1
      return bodies.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
    },
    close: async () => undefined,
  }
}

/** Opens a bucket of the emulator with a pipeline. Its clock may be ahead of the emulator's. */
export const emulatorPlace = async (
  table: string,
  scenario: Scenario,
  isVersioned: boolean,
): Promise<Place> => {
  const name = `objects-${randomUUID()}`
  let aheadMs = 0
  // The driver goes by the time of the store, and this one has the time of the test.
  const { answeredMs: _, ...store } = dynamodbItemStore({ table })
  return functionsPlace(scenario, await emulatorSide(name, isVersioned), {
    app: name,
    store,
    now: () => Date.now() + aheadMs,
    advance: (ms) => void (aheadMs += ms),
  })
}
