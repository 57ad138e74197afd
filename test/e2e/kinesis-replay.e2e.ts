/**
 * Reading a shard again, against kinesis-local: records of lost blocks (B7), and the parents of a
 * shard.
 */
import { SplitShardCommand } from '@aws-sdk/client-kinesis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinesisStreamReader } from '../../lib/adapters/aws/kinesis-stream-reader.ts'
import type { StreamReader } from '../../lib/ports/stream-reader.ts'
import { kinesisDeliveries } from '../../lib/runtime/sources/kinesis/event.ts'
import { type FilledShard, streamReaderContract } from '../contract/stream-reader.contract.ts'
import { APP, pipelineOf, World } from '../unit/runtime/harness.ts'
import { aggregateOf } from '../unit/runtime/sources/kinesis/aggregate.ts'
import { KinesisLocal, type ShardContent } from './kinesis-local.ts'

const STREAM = 'replayed'
const SOURCE = 'kinesisTextStream-1'
const RECORDS = 300

let kinesis: KinesisLocal
let reader: StreamReader
let streamArn: string
let parent: string
let parentContent: ShardContent

const textsOf = (from: number): readonly string[] =>
  Array.from({ length: RECORDS }, (_, index) => `line ${from + index}`)

const put = async (texts: readonly string[]): Promise<void> => {
  const packed = aggregateOf(
    ['one', 'two'].map((text) => ({ partitionKey: 'k', data: Buffer.from(text) })),
  )
  await kinesis.put([
    ...texts.map((text, index) => ({ PartitionKey: `key${index}`, Data: Buffer.from(text) })),
    { PartitionKey: 'k', Data: packed },
    { PartitionKey: 'k', Data: Uint8Array.of(0xff) },
  ])
}

beforeAll(async () => {
  kinesis = await KinesisLocal.start(STREAM)
  reader = kinesisStreamReader({ client: kinesis.client })
  streamArn = await kinesis.arn()
  await put(textsOf(0))
  ;[parent = ''] = await kinesis.openShards()
  await kinesis.client.send(
    new SplitShardCommand({
      StreamName: STREAM,
      ShardToSplit: parent,
      NewStartingHashKey: String(2n ** 127n),
    }),
  )
  await kinesis.untilActive()
  await put(textsOf(RECORDS))
  parentContent = await kinesis.readShard(parent)
})
afterAll(() => kinesis.stop())

/** A shard in the form that the contract needs. */
const filled = ({
  shardId,
  content,
}: {
  readonly shardId: string
  readonly content: ShardContent
}): FilledShard => ({
  shardId,
  records: content.records.map(({ kinesis: { sequenceNumber, partitionKey, data } }) => ({
    sequenceNumber,
    partitionKey,
    data: new Uint8Array(Buffer.from(data, 'base64')),
  })),
})

streamReaderContract('Kinesis', async () => {
  const [left = '', right = ''] = await kinesis.openShards()
  const children = await Promise.all(
    [left, right].map(async (shardId) =>
      filled({ shardId, content: await kinesis.readShard(shardId) }),
    ),
  )
  return {
    reader,
    streamArn,
    parent: filled({ shardId: parent, content: parentContent }),
    children: children as [FilledShard, FilledShard],
  }
})

test.each([
  ['with its blocks', false],
  ['with all blocks lost', true],
])('B7: a batch of shards %s is the same', async (_, isLost) => {
  const world = new World()
  const app = world.deploy(
    pipelineOf((ssc) => ssc.kinesisTextStream(STREAM).saveAsTextFiles('out')),
    { bind: 'lanes', reader },
  )
  await app.run()
  for (const { ShardId } of await kinesis.shards()) {
    const { records } = await kinesis.readShard(ShardId)
    for (let from = 0; from < records.length; from += 50)
      for (const delivery of kinesisDeliveries(
        { Records: records.slice(from, from + 60) },
        { source: SOURCE, elements: 'text', createdMs: 1 },
      ))
        await app.intake(SOURCE).append(delivery)
  }
  if (isLost) await world.store.deleteAll(blockKeys(world))
  await app.tick()
  expect(app.eventsOf('batchCompleted')).toMatchObject([{ records: 2 * RECORDS + 4, lost: 0 }])
  expect(app.eventsOf('warning').length > 0).toBe(isLost)
  const lines = [...world.files.files()]
    .filter(([name]) => name.includes('part-'))
    .flatMap(([, bytes]) => Buffer.from(bytes).toString().split('\n'))
  const expected = [...textsOf(0), ...textsOf(RECORDS), 'one', 'two', 'one', 'two']
  expect(lines.filter((line) => line !== '').toSorted()).toEqual(expected.toSorted())
})

const blockKeys = (world: World) =>
  world.store
    .keys()
    .filter((key) => key.startsWith(`${APP}#seg#${SOURCE}/`))
    .map((key) => ({
      partition: key.slice(0, key.lastIndexOf('/')),
      sort: key.slice(key.lastIndexOf('/') + 1),
    }))
