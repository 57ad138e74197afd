/** What is read again of a shard, against kinesis-local: records of lost blocks (B7), and where a shard comes from. */
import { SplitShardCommand } from '@aws-sdk/client-kinesis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinesisStreamReader } from '../../lib/adapters/aws/kinesis-stream-reader.ts'
import type { StreamReader } from '../../lib/ports/stream-reader.ts'
import { kinesisDeliveries } from '../../lib/runtime/kinesis/event.ts'
import { APP, pipelineOf, World } from '../unit/runtime/harness.ts'
import { aggregateOf } from '../unit/runtime/kinesis/aggregate.ts'
import { KinesisLocal, type ShardContent } from './kinesis-local.ts'

const STREAM = 'replayed'
const SOURCE = 'kinesisTextStream-1'
const RECORDS = 300

let kinesis: KinesisLocal
let reader: StreamReader
let streamArn: string
let parent: string
let parentContent: ShardContent

const textsOf = (from: number): readonly string[] => Array.from({ length: RECORDS }, (_, index) => `line ${from + index}`)

const put = async (texts: readonly string[]): Promise<void> => {
  const packed = aggregateOf(['one', 'two'].map((text) => ({ partitionKey: 'k', data: Buffer.from(text) })))
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
  await kinesis.client.send(new SplitShardCommand({ StreamName: STREAM, ShardToSplit: parent, NewStartingHashKey: String(2n ** 127n) }))
  await kinesis.untilActive()
  await put(textsOf(RECORDS))
  parentContent = await kinesis.readShard(parent)
})
afterAll(() => kinesis.stop())

const numbersOf = ({ records }: ShardContent): readonly string[] => records.map(({ kinesis: { sequenceNumber } }) => sequenceNumber)

test.each([
  ['all', 0, -1],
  ['the first', 0, 0],
  ['one in the middle', 17, 17],
  ['some', 100, 250],
  ['up to the last', 290, -1],
])('a range of a closed shard: %s', async (_, from, to) => {
  const numbers = numbersOf(parentContent)
  const range = { streamArn, shardId: parent, first: numbers.at(from)!, last: numbers.at(to)! }
  const found = await reader.read(range)
  expect(found.map(({ sequenceNumber }) => sequenceNumber)).toEqual(numbers.slice(from, to === -1 ? undefined : to + 1))
  expect(Buffer.from(found[0]!.data).toString('base64')).toBe(parentContent.records[from]?.kinesis.data)
})

test('the end of an open shard: reading stops where there is nothing behind', async () => {
  const [child = ''] = await kinesis.openShards()
  const numbers = numbersOf(await kinesis.readShard(child))
  const range = { streamArn, shardId: child, first: numbers.at(0)!, last: String(BigInt(numbers.at(-1)!) + 10n ** 20n) }
  expect(await reader.read(range)).toHaveLength(numbers.length)
})

test.each([
  ['a shard that is not there', () => ({ shardId: 'shardId-000000000099' })],
  ['a stream that is not there', () => ({ streamArn: `${streamArn}-none` })],
  ['a number of another shard', () => ({ first: '1', last: '2' })],
])('%s has nothing', async (_, changed) => {
  const numbers = numbersOf(parentContent)
  expect(await reader.read({ streamArn, shardId: parent, first: numbers[0]!, last: numbers[5]!, ...changed() })).toEqual([])
})

test('shards have the parents that they were made of', async () => {
  const [left = '', right = ''] = await kinesis.openShards()
  expect(await reader.parents({ streamArn, shardId: parent })).toEqual([])
  for (const shardId of [left, right]) expect(await reader.parents({ streamArn, shardId })).toEqual([parent])
  expect(await reader.parents({ streamArn, shardId: 'shardId-000000000099' })).toEqual([])
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
    .map((key) => ({ partition: key.slice(0, key.lastIndexOf('/')), sort: key.slice(key.lastIndexOf('/') + 1) }))
