/**
 * A deployed application as users access it: through its stream, bucket, functions, queue and
 * table.
 */
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { clientSettings, http2ClientSettings, once } from '../../../lib/adapters/aws/clients.ts'
import { dynamodbItemStore } from '../../../lib/adapters/aws/dynamodb-item-store.ts'
import { s3Client } from '../../../lib/adapters/aws/s3-client.ts'
import type { ItemStore } from '../../../lib/ports/item-store.ts'
import { type Head, HeadStore } from '../../../lib/state/head.ts'
import type { BatchRecord } from '../../../lib/state/history/batch-record.ts'
import { recordOf } from '../../../lib/state/history/record-form.ts'
import { historyKey } from '../../../lib/state/item-keys.ts'

export const kinesisClient = once(() => new KinesisClient(http2ClientSettings('KINESIS')))
export const lambdaClient = once(() => new LambdaClient(clientSettings()))
const sqsClient = once(() => new SQSClient(clientSettings()))

const RECORDS_PER_CALL = 500
const PARTITION_KEY_MAX = 256

/** The resources of an application, by the outputs of its stack. */
export class Application {
  readonly app: string
  readonly intake: string
  readonly driver: string
  readonly store: ItemStore
  readonly #outputs: Readonly<Record<string, string>>

  constructor(app: string, outputs: Readonly<Record<string, string>>) {
    this.app = app
    this.#outputs = outputs
    this.intake = this.output('TestIntake')
    this.driver = this.output('TestDriver')
    this.store = dynamodbItemStore({ table: this.output('TestTable') })
  }

  /** An output of the stack. */
  output(name: string): string {
    const value = this.#outputs[name]
    if (value === undefined)
      throw new Error(
        `The stack of ${this.app} has no output ${name}: ${Object.keys(this.#outputs).join(', ')}`,
      )
    return value
  }

  async head(): Promise<Head | undefined> {
    return new HeadStore(this.store, this.app).read()
  }

  /** The history of a batch. */
  async history(timeMs: number): Promise<BatchRecord | undefined> {
    const item = await this.store.get(historyKey(this.app, timeMs))
    return item === undefined ? undefined : recordOf(item)
  }

  /** Puts lines into the stream, over all of its shards. */
  async putRecords(lines: readonly string[]): Promise<void> {
    for (let from = 0; from < lines.length; from += RECORDS_PER_CALL) {
      const Records = lines.slice(from, from + RECORDS_PER_CALL).map((line) => ({
        PartitionKey: line.slice(0, PARTITION_KEY_MAX),
        Data: Buffer.from(line),
      }))
      await kinesisClient().send(
        new PutRecordsCommand({ StreamName: this.output('TestStream'), Records }),
      )
    }
  }

  /** Puts an object of lines into the watched bucket. Returns the id of its version. */
  async putObject(key: string, lines: readonly string[]): Promise<string | undefined> {
    const Body = Buffer.from(lines.map((line) => `${line}\n`).join(''))
    const { VersionId } = await s3Client().send(
      new PutObjectCommand({ Bucket: this.output('TestDrop'), Key: key, Body }),
    )
    return VersionId
  }

  /** Removes an object: hides it behind a delete marker, or removes a version for good. */
  async deleteObject(key: string, version?: string): Promise<void> {
    const pinned = version === undefined ? {} : { VersionId: version }
    await s3Client().send(
      new DeleteObjectCommand({ Bucket: this.output('TestDrop'), Key: key, ...pinned }),
    )
  }

  /** Calls a function with an event, and waits for its answer. */
  async invoke(functionName: string, event: object): Promise<void> {
    const { FunctionError, Payload } = await lambdaClient().send(
      new InvokeCommand({
        FunctionName: functionName,
        Payload: Buffer.from(JSON.stringify(event)),
      }),
    )
    if (FunctionError !== undefined)
      throw new Error(`${functionName}: ${FunctionError} ${Buffer.from(Payload ?? []).toString()}`)
  }

  /** Sends a trigger to the driver, like the schedule does every minute. */
  async trigger(): Promise<void> {
    await sqsClient().send(
      new SendMessageCommand({
        QueueUrl: this.output('TestTriggers'),
        MessageBody: JSON.stringify({ app: this.app, scheduleMinute: true }),
      }),
    )
  }
}
