/**
 * An application as after a deployment, but without functions: a table, a bucket, a queue, a
 * parameter, and a driver in this process.
 */
import { CreateTableCommand } from '@aws-sdk/client-dynamodb'
import { CreateBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { CreateQueueCommand, PurgeQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import type { Pipeline } from 'millrace'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Deployment, parameterName } from '../../../lib/tools/deployment.ts'
import { clientSettings } from '../../../lib/adapters/aws/clients.ts'
import { dynamodbClient } from '../../../lib/adapters/aws/dynamodb-client.ts'
import { dynamodbItemStore } from '../../../lib/adapters/aws/dynamodb-item-store.ts'
import { s3BlobStore } from '../../../lib/adapters/aws/s3-blob-store.ts'
import { s3Client } from '../../../lib/adapters/aws/s3-client.ts'
import { sqsClient } from '../../../lib/adapters/aws/sqs-queue.ts'
import { withBlobs } from '../../../lib/adapters/blob-item-store.ts'
import { systemClock } from '../../../lib/adapters/local/system-clock.ts'
import { systemRandomness } from '../../../lib/adapters/local/system-randomness.ts'
import type { ItemStore } from '../../../lib/ports/item-store.ts'
import { Driver } from '../../../lib/runtime/driver/driver.ts'
import type { Outcome } from '../../../lib/runtime/driver/outcome.ts'
import { Intake } from '../../../lib/runtime/intake/intake.ts'
import '../../../lib/runtime/sources/all.ts'
import { wholeReader } from '../../../lib/runtime/sources/redriven.ts'
import { lanesReader } from '../../../lib/runtime/sources/lanes/reader.ts'
import { type Head, HeadStore } from '../../../lib/state/head.ts'
import type { Resources } from './account.ts'

/** As long as the longest lease that a command accepts as real. */
const LEASE_MS = 600_000

/** See above. */
export class Application {
  readonly name: string = `app-${randomUUID()}`
  readonly resources: Resources = {
    parameter: parameterName(this.name),
    table: this.name,
    blocks: this.name,
    queue: this.name,
  }
  readonly store: ItemStore = withBlobs(
    dynamodbItemStore({ table: this.name }),
    s3BlobStore({ bucket: this.name }),
  )
  readonly heads: HeadStore
  readonly #driver: Driver
  readonly #intake: Intake
  readonly #pipeline: Pipeline
  #queueUrl = ''
  #position = 0n

  readonly #fed: readonly string[]

  private constructor(pipeline: Pipeline, fed: readonly string[]) {
    this.#fed = fed
    const plan = pipeline.build()
    const { store } = this
    const app = plan.name
    const source = plan.sources[0]?.id as string
    const place = { store, app, source }
    const parts = { store, app, clock: systemClock(), randomness: systemRandomness() }
    this.#pipeline = pipeline
    this.heads = new HeadStore(store, app)
    this.#intake = new Intake({ ...parts, source, limits: plan.options.limits })
    this.#driver = new Driver({
      ...parts,
      plan,
      generation: 1,
      heads: this.heads,
      sources: new Map([[source, wholeReader(place, lanesReader(place))]]),
      outputs: {
        write: async () => undefined,
        openParts: async () => undefined,
        encode: () => undefined,
        publish: async () => undefined,
        close: async () => undefined,
      },
      listen: () => undefined,
      leaseMs: LEASE_MS,
    })
  }

  /** `fed`: the ids of the sources that `millrace receive` feeds. */
  static async create(pipeline: Pipeline, fed: readonly string[] = []): Promise<Application> {
    const application = new Application(pipeline, fed)
    await application.#createAll()
    return application
  }

  async #createAll(): Promise<void> {
    const attributes = ['pk', 'sk'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S' as const,
    }))
    await dynamodbClient().send(
      new CreateTableCommand({
        TableName: this.name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: attributes,
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
      }),
    )
    await s3Client().send(new CreateBucketCommand({ Bucket: this.name }))
    const { QueueUrl = '' } = await sqsClient().send(
      new CreateQueueCommand({ QueueName: this.name }),
    )
    this.#queueUrl = QueueUrl
    const plan = this.#pipeline.build()
    const deployment: Deployment = {
      app: plan.name,
      table: this.name,
      blocks: this.name,
      triggers: QueueUrl,
      sources: plan.sources.map(({ id }) => id),
      ...(this.#fed.length === 0 ? {} : { fed: this.#fed }),
      generation: 2,
      logs: { intake: 'intake-logs', driver: 'driver-logs' },
    }
    const ssm = new SSMClient(clientSettings())
    await ssm.send(
      new PutParameterCommand({
        Name: this.resources.parameter,
        Type: 'String',
        Value: JSON.stringify(deployment),
      }),
    )
    ssm.destroy()
  }

  /** Appends lines to a lane, as intake does. */
  async append(...lines: readonly string[]): Promise<void> {
    const records = lines.map((record) => ({ position: String(++this.#position), record }))
    await this.#intake.append({ lane: 'shard', records })
  }

  /** Runs the driver until a condition holds. */
  async runUntil(isSo: (head: Head, outcome: Outcome) => boolean): Promise<Head> {
    for (;;) {
      const outcome = await this.#driver.run()
      const head = await this.head()
      if (isSo(head, outcome)) return head
      await sleep(100)
    }
  }

  async head(): Promise<Head> {
    return (await this.heads.read()) as Head
  }

  /** The triggers that were sent since the last call. */
  async triggers(): Promise<readonly unknown[]> {
    const { Messages = [] } = await sqsClient().send(
      new ReceiveMessageCommand({ QueueUrl: this.#queueUrl, MaxNumberOfMessages: 10 }),
    )
    await sqsClient().send(new PurgeQueueCommand({ QueueUrl: this.#queueUrl }))
    return Messages.map(({ Body = '' }) => JSON.parse(Body) as unknown)
  }

  /** Large segments of a node, in the bucket. */
  async blobsOf(node: string): Promise<number> {
    const { Contents = [] } = await s3Client().send(new ListObjectsV2Command({ Bucket: this.name }))
    return Contents.filter(({ Key = '' }) => Key.includes(`%23${node}%23`)).length
  }
}
