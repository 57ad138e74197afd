/**
 * The npm package kinesis-local, which keeps closed shards as AWS does: started by a test file,
 * with one stream in it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
  type Shard,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { KinesisEventRecord } from '../../lib/runtime/sources/kinesis/event.ts'
import { freePort } from '../ports.ts'

/** A record to put. */
export interface NewRecord {
  readonly PartitionKey: string
  readonly Data: Uint8Array
}

/** A shard in the form of a listing. */
export type ListedShard = Shard & { readonly ShardId: string }

/** The content of a shard, as the records of Lambda events. `closed`: the shard has an end. */
export interface ShardContent {
  readonly records: readonly KinesisEventRecord[]
  readonly closed: boolean
}

const TRIES_MAX = 200
const PAUSE_MS = 50

const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    // The server refuses calls while it starts and before it knows the stream.
    if (await isSo().catch(() => false)) return
    await sleep(PAUSE_MS)
  }
  throw new Error(`kinesis-local: waited too long for ${what}`)
}

/** A server with one stream. */
export class KinesisLocal {
  readonly client: KinesisClient
  readonly stream: string
  readonly endpoint: string
  readonly #server: ChildProcess

  private constructor(
    server: ChildProcess,
    client: KinesisClient,
    { stream, endpoint }: { readonly stream: string; readonly endpoint: string },
  ) {
    this.#server = server
    this.endpoint = endpoint
    this.client = client
    this.stream = stream
  }

  static async start(stream: string): Promise<KinesisLocal> {
    const folder = dirname(createRequire(import.meta.url).resolve('kinesis-local/package.json'))
    const [plain, tls] = [await freePort(), await freePort()]
    const quick = Object.fromEntries(
      ['CREATE_STREAM', 'SPLIT_SHARD', 'MERGE_SHARDS', 'PUT_RECORDS', 'GET_RECORDS'].map((call) => [
        `${call}_DURATION`,
        '5ms',
      ]),
    )
    const server = spawn(process.execPath, ['main.js'], {
      cwd: folder,
      stdio: 'ignore',
      env: {
        ...process.env,
        ...quick,
        KINESIS_MOCK_PLAIN_PORT: String(plain),
        KINESIS_MOCK_TLS_PORT: String(tls),
      },
    })
    const endpoint = `http://127.0.0.1:${plain}`
    const client = new KinesisClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      requestHandler: new NodeHttpHandler(),
      maxAttempts: 1,
    })
    const local = new KinesisLocal(server, client, { stream, endpoint })
    await until('a stream', async () => {
      await client.send(new CreateStreamCommand({ StreamName: stream, ShardCount: 1 }))
      return true
    })
    await local.untilActive()
    return local
  }

  stop(): void {
    this.client.destroy()
    this.#server.kill('SIGKILL')
  }

  async untilActive(): Promise<void> {
    await until('an active stream', async () => {
      const { StreamDescriptionSummary } = await this.client.send(
        new DescribeStreamSummaryCommand({ StreamName: this.stream }),
      )
      return StreamDescriptionSummary?.StreamStatus === 'ACTIVE'
    })
  }

  async arn(): Promise<string> {
    const { StreamDescriptionSummary } = await this.client.send(
      new DescribeStreamSummaryCommand({ StreamName: this.stream }),
    )
    return StreamDescriptionSummary?.StreamARN ?? ''
  }

  async put(records: readonly NewRecord[]): Promise<void> {
    const { FailedRecordCount = 0 } = await this.client.send(
      new PutRecordsCommand({ StreamName: this.stream, Records: [...records] }),
    )
    if (FailedRecordCount !== 0)
      throw new Error(`kinesis-local refused ${FailedRecordCount} records`)
  }

  /** All shards, by id. A child comes after its parents. */
  async shards(): Promise<readonly ListedShard[]> {
    const { Shards = [] } = await this.client.send(
      new ListShardsCommand({ StreamName: this.stream }),
    )
    return (Shards as ListedShard[]).toSorted((a, b) => (a.ShardId < b.ShardId ? -1 : 1))
  }

  async openShards(): Promise<readonly string[]> {
    const shards = await this.shards()
    return shards
      .filter(({ SequenceNumberRange }) => SequenceNumberRange?.EndingSequenceNumber === undefined)
      .map(({ ShardId }) => ShardId)
  }

  async readShard(ShardId: string): Promise<ShardContent> {
    const at = { StreamName: this.stream, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const
    let { ShardIterator: iterator } = await this.client.send(new GetShardIteratorCommand(at))
    const eventSourceARN = await this.arn()
    const records: KinesisEventRecord[] = []
    for (let empty = 0; iterator !== undefined && iterator !== null && empty < 3;) {
      const answer = await this.client.send(new GetRecordsCommand({ ShardIterator: iterator }))
      empty = (answer.Records ?? []).length === 0 ? empty + 1 : 0
      for (const {
        SequenceNumber = '',
        PartitionKey = '',
        Data = new Uint8Array(),
        ApproximateArrivalTimestamp,
      } of answer.Records ?? [])
        records.push({
          eventID: `${ShardId}:${SequenceNumber}`,
          eventSourceARN,
          kinesis: {
            partitionKey: PartitionKey,
            sequenceNumber: SequenceNumber,
            data: Buffer.from(Data).toString('base64'),
            approximateArrivalTimestamp: (ApproximateArrivalTimestamp?.getTime() ?? 0) / 1_000,
          },
        })
      iterator = answer.NextShardIterator
    }
    return { records, closed: iterator === undefined || iterator === null }
  }
}
