import { expect, test } from 'vitest'
import { shardParents } from '../../../../../lib/runtime/sources/kinesis/lineage.ts'
import { earlierLives, laneId, shardOf } from '../../../../../lib/runtime/sources/kinesis/shards.ts'

const ARN = 'arn:aws:kinesis:eu-west-1:123456789012:stream/clicks'
const LANE = `${ARN}@1700000000000/shardId-000000000003`

test('a lane is named by stream, creation and shard', () => {
  const shard = { streamArn: ARN, createdMs: 1_700_000_000_000, shardId: 'shardId-000000000003' }
  expect(laneId(shard)).toBe(`${ARN}@1700000000000/shardId-000000000003`)
  expect(laneId({ ...shard, streamArn: `${ARN}/consumer/fan:1700000000` })).toBe(laneId(shard))
  expect(laneId({ ...shard, createdMs: 1 })).not.toBe(laneId(shard))
  expect(laneId(shard)).not.toContain('#')
})

test.each([
  [LANE, { streamArn: ARN, shardId: 'shardId-000000000003' }],
  ['@notifications', undefined],
  ['redrive-20260131', undefined],
  ['receiver', undefined],
])('the shard of the lane %s', (lane, shard) => {
  expect(shardOf(lane)).toEqual(shard)
})

test('a lane comes after the lanes of the parents of its shard', async () => {
  const asked: string[] = []
  const parentsOf = shardParents(async () => ({
    read: async () => [],
    parents: async ({ shardId }) => {
      asked.push(shardId)
      return ['shardId-000000000002', 'shardId-000000000001']
    },
  }))
  const stream = LANE.slice(0, -1)
  expect(await parentsOf(LANE)).toEqual([`${stream}1`, `${stream}2`])
  expect(await parentsOf('redrive-1')).toEqual([])
  expect(asked).toEqual(['shardId-000000000003'])
})

test('a stream that was created again comes after the earlier stream', () => {
  const lanes = [
    `${ARN}@5/shardId-1`,
    `${ARN}@10/shardId-0`,
    `${ARN}@10/shardId-1`,
    `${ARN}2@1/shardId-0`,
    'redrive-1',
  ]
  expect([...earlierLives(lanes)]).toEqual([
    [lanes[1], [lanes[0]]],
    [lanes[2], [lanes[0]]],
  ])
})

test('the lives of 20,000 lanes are found in the time of a batch', () => {
  const lanes = Array.from({ length: 20_000 }, (_, index) => `${ARN}@${index % 2}/shardId-${index}`)
  const began = performance.now()
  expect(earlierLives(lanes).size).toBe(10_000)
  expect(performance.now() - began).toBeLessThan(1_000)
})
