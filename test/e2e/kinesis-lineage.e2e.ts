/**
 * Shards that split and merge while they are read, against kinesis-local. The test does the work of
 * Lambda: it reads parents first, and delivers each batch as an event, some of them twice. Batches
 * are small, and intake takes everything before the first batch.
 */
import { MergeShardsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinesisStreamReader } from '../../lib/adapters/aws/kinesis-stream-reader.ts'
import { kinesisDeliveries } from '../../lib/runtime/sources/kinesis/event.ts'
import { shardParents } from '../../lib/runtime/sources/kinesis/lineage.ts'
import { pipelineOf, World } from '../unit/runtime/harness.ts'
import { aggregateOf } from '../unit/runtime/sources/kinesis/aggregate.ts'
import { KinesisLocal } from './kinesis-local.ts'

const STREAM = 'clicks'
const SOURCE = 'kinesisTextStream-1'
const KEYS = 20
const MIDDLE = String(2n ** 127n)

let kinesis: KinesisLocal

beforeAll(async () => {
  kinesis = await KinesisLocal.start(STREAM)
})
afterAll(() => kinesis.stop())

/** One record for each key, every other one an aggregate with two. */
const put = (round: number): Promise<void> =>
  kinesis.put(
    Array.from({ length: KEYS }, (_, key) => {
      const texts =
        key % 2 === 0 ? [`${key} ${2 * round}`] : [`${key} ${2 * round}`, `${key} ${2 * round + 1}`]
      const data = texts.map((text) => ({ partitionKey: `key${key}`, data: Buffer.from(text) }))
      return {
        PartitionKey: `key${key}`,
        Data: data.length === 1 ? data[0]!.data : aggregateOf(data),
      }
    }),
  )

test('over splits and merges each record counts once, and keys keep their order', async () => {
  await put(0)
  const [first = ''] = await kinesis.openShards()
  await kinesis.client.send(
    new SplitShardCommand({ StreamName: STREAM, ShardToSplit: first, NewStartingHashKey: MIDDLE }),
  )
  await kinesis.untilActive()
  await put(1)
  const [left = '', right = ''] = await kinesis.openShards()
  await kinesis.client.send(
    new MergeShardsCommand({ StreamName: STREAM, ShardToMerge: left, AdjacentShardToMerge: right }),
  )
  await kinesis.untilActive()
  await put(2)

  const all = await kinesis.shards()
  expect(all.map(({ ShardId }) => ShardId)).toHaveLength(4)
  const seen: string[] = []
  const world = new World()
  const app = world.deploy(
    pipelineOf(
      (ssc) =>
        ssc
          .kinesisTextStream(STREAM)
          .foreachRDD(async (rdd) => void seen.push(...(await rdd.collect()))),
      {
        limits: { records: 8 },
      },
    ),
    {
      bind: 'lanes',
      parentsOf: shardParents(async () => kinesisStreamReader({ client: kinesis.client })),
    },
  )
  await app.tick()
  const digits = new Set<number>()
  const ends: boolean[] = []
  for (const { ShardId } of all) {
    const { records, closed } = await kinesis.readShard(ShardId)
    ends.push(closed)
    for (const { kinesis: record } of records) digits.add(record.sequenceNumber.length)
    // In overlapping pieces of seven, each delivered twice.
    for (let from = 0; from < records.length; from += 4)
      for (let again = 0; again < 2; again++)
        for (const delivery of kinesisDeliveries(
          { Records: records.slice(from, from + 7) },
          { source: SOURCE, elements: 'text', createdMs: 1 },
        ))
          await app.intake(SOURCE).append(delivery)
  }
  // A few records at a time. So all shards are in one batch only where none has to wait for
  // another.
  await app.tick(40)

  const expected = (key: number): readonly number[] =>
    key % 2 === 0 ? [0, 2, 4] : [0, 1, 2, 3, 4, 5]
  const byKey = Map.groupBy(seen, (text) => Number(text.split(' ')[0]))
  for (let key = 0; key < KEYS; key++)
    expect(byKey.get(key)?.map((text) => Number(text.split(' ')[1]))).toEqual(expected(key))
  expect([...digits]).toEqual([56])
  expect(ends).toEqual([true, true, true, false])
})
