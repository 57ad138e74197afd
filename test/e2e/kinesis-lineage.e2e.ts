/**
 * Splits and merges, against a Kinesis of its own (the npm package kinesis-local), which keeps closed shards as AWS does. What Lambda does
 * is done by hand: shards are read parents first, and each batch is delivered as an event, some of them twice.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordsCommand,
  type Shard,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinesisDeliveries, type KinesisEventRecord } from '../../lib/runtime/kinesis/event.ts'
import { shardOrder } from '../../lib/runtime/kinesis/shards.ts'
import { pipelineOf, World } from '../unit/runtime/harness.ts'
import { aggregateOf } from '../unit/runtime/kinesis/aggregate.ts'

const STREAM = 'clicks'
const SOURCE = 'kinesisTextStream-1'
const KEYS = 20
const MIDDLE = String(2n ** 127n)

let server: ChildProcess
let client: KinesisClient

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })

const untilActive = async (): Promise<void> => {
  for (let tries = 0; tries < 200; tries++) {
    try {
      const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: STREAM }))
      if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') return
    } catch {
      // The server is not up yet, or has not heard of the stream.
    }
    await sleep(50)
  }
  throw new Error('the stream does not become active')
}

const untilUp = async (): Promise<void> => {
  for (let tries = 0; tries < 200; tries++) {
    try {
      await client.send(new CreateStreamCommand({ StreamName: STREAM, ShardCount: 1 }))
      return
    } catch {
      await sleep(50)
    }
  }
  throw new Error('kinesis-local does not start')
}

beforeAll(async () => {
  const folder = dirname(createRequire(import.meta.url).resolve('kinesis-local/package.json'))
  const [plain, tls] = [await freePort(), await freePort()]
  const quick = Object.fromEntries(
    ['CREATE_STREAM', 'SPLIT_SHARD', 'MERGE_SHARDS', 'PUT_RECORDS', 'GET_RECORDS'].map((call) => [`${call}_DURATION`, '5ms']),
  )
  server = spawn(process.execPath, ['main.js'], {
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, ...quick, KINESIS_MOCK_PLAIN_PORT: String(plain), KINESIS_MOCK_TLS_PORT: String(tls) },
  })
  client = new KinesisClient({
    endpoint: `http://127.0.0.1:${plain}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
  })
  await untilUp()
  await untilActive()
})

afterAll(() => {
  client.destroy()
  server.kill('SIGKILL')
})

/** One record for each key, every other one an aggregate with two. */
const put = async (round: number): Promise<void> => {
  const Records = Array.from({ length: KEYS }, (_, key) => {
    const texts = key % 2 === 0 ? [`${key} ${2 * round}`] : [`${key} ${2 * round}`, `${key} ${2 * round + 1}`]
    const data = texts.map((text) => ({ partitionKey: `key${key}`, data: Buffer.from(text) }))
    return { PartitionKey: `key${key}`, Data: data.length === 1 ? data[0]!.data : aggregateOf(data) }
  })
  const { FailedRecordCount } = await client.send(new PutRecordsCommand({ StreamName: STREAM, Records }))
  expect(FailedRecordCount ?? 0).toBe(0)
}

const shards = async (): Promise<readonly (Shard & { readonly ShardId: string })[]> => {
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: STREAM }))
  return shardOrder(
    Shards as (Shard & { readonly ShardId: string; readonly ParentShardId?: string; readonly AdjacentParentShardId?: string })[],
  )
}

const openShards = async (): Promise<readonly string[]> =>
  (await shards())
    .filter(({ SequenceNumberRange }) => SequenceNumberRange?.EndingSequenceNumber === undefined)
    .map(({ ShardId }) => ShardId)

/** Everything in a shard, as the records of Lambda events; `closed` when it has an end. */
const readShard = async (ShardId: string): Promise<{ readonly records: readonly KinesisEventRecord[]; readonly closed: boolean }> => {
  const at = { StreamName: STREAM, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const
  let { ShardIterator: iterator } = await client.send(new GetShardIteratorCommand(at))
  const records: KinesisEventRecord[] = []
  for (let empty = 0; iterator !== undefined && iterator !== null && empty < 3;) {
    const answer = await client.send(new GetRecordsCommand({ ShardIterator: iterator }))
    empty = (answer.Records ?? []).length === 0 ? empty + 1 : 0
    for (const { SequenceNumber = '', PartitionKey = '', Data = new Uint8Array() } of answer.Records ?? [])
      records.push({
        eventID: `${ShardId}:${SequenceNumber}`,
        eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/clicks',
        kinesis: {
          partitionKey: PartitionKey,
          sequenceNumber: SequenceNumber,
          data: Buffer.from(Data).toString('base64'),
          approximateArrivalTimestamp: 1_700_000_000,
        },
      })
    iterator = answer.NextShardIterator
  }
  return { records, closed: iterator === undefined || iterator === null }
}

test('over splits and merges every record counts once, and those of a key stay in order', async () => {
  await put(0)
  const [first = ''] = await openShards()
  await client.send(new SplitShardCommand({ StreamName: STREAM, ShardToSplit: first, NewStartingHashKey: MIDDLE }))
  await untilActive()
  await put(1)
  const [left = '', right = ''] = await openShards()
  await client.send(new MergeShardsCommand({ StreamName: STREAM, ShardToMerge: left, AdjacentShardToMerge: right }))
  await untilActive()
  await put(2)

  const all = await shards()
  expect(all.map(({ ShardId }) => ShardId)).toHaveLength(4)
  const seen: string[] = []
  const world = new World()
  const app = world.deploy(
    pipelineOf((ssc) => ssc.kinesisTextStream(STREAM).foreachRDD(async (rdd) => void seen.push(...(await rdd.collect())))),
    { bind: 'lanes' },
  )
  await app.tick()
  const digits = new Set<number>()
  const ends: boolean[] = []
  for (const { ShardId } of all) {
    const { records, closed } = await readShard(ShardId)
    ends.push(closed)
    for (const { kinesis } of records) digits.add(kinesis.sequenceNumber.length)
    // In pieces of seven that overlap, each twice.
    for (let from = 0; from < records.length; from += 4)
      for (let again = 0; again < 2; again++)
        for (const delivery of kinesisDeliveries(
          { Records: records.slice(from, from + 7) },
          { source: SOURCE, elements: 'text', createdMs: 1 },
        ))
          await app.intake(SOURCE).append(delivery)
  }
  await app.tick()

  const expected = (key: number): readonly number[] => (key % 2 === 0 ? [0, 2, 4] : [0, 1, 2, 3, 4, 5])
  const byKey = Map.groupBy(seen, (text) => Number(text.split(' ')[0]))
  for (let key = 0; key < KEYS; key++) expect(byKey.get(key)?.map((text) => Number(text.split(' ')[1]))).toEqual(expected(key))
  expect([...digits]).toEqual([56])
  expect(ends).toEqual([true, true, true, false])
})
