import fc from 'fast-check'
import { expect, test } from 'vitest'
import { laneId, parentsOf, shardOrder } from '../../../../lib/runtime/kinesis/shards.ts'

const ARN = 'arn:aws:kinesis:eu-west-1:123456789012:stream/clicks'

test('a lane is named by stream, creation and shard', () => {
  const shard = { streamArn: ARN, createdMs: 1_700_000_000_000, shardId: 'shardId-000000000003' }
  expect(laneId(shard)).toBe(`${ARN}@1700000000000/shardId-000000000003`)
  expect(laneId({ ...shard, streamArn: `${ARN}/consumer/fan:1700000000` })).toBe(laneId(shard))
  expect(laneId({ ...shard, createdMs: 1 })).not.toBe(laneId(shard))
  expect(laneId(shard)).not.toContain('#')
})

test.each([
  { what: 'by id', shards: [{ ShardId: 'b' }, { ShardId: 'a' }], order: 'a b' },
  { what: 'a child after its parent', shards: [{ ShardId: 'a', ParentShardId: 'b' }, { ShardId: 'b' }], order: 'b a' },
  {
    what: 'a merged shard after both',
    shards: [{ ShardId: 'a', ParentShardId: 'c', AdjacentParentShardId: 'b' }, { ShardId: 'b' }, { ShardId: 'c' }],
    order: 'b c a',
  },
  { what: 'a parent that has expired', shards: [{ ShardId: 'b', ParentShardId: 'gone' }, { ShardId: 'a' }], order: 'a b' },
])('shards are in order: $what', ({ shards, order }) => {
  expect(
    shardOrder(shards)
      .map(({ ShardId }) => ShardId)
      .join(' '),
  ).toBe(order)
})

test('in any history of splits and merges parents come first, whatever the order of the list', () => {
  const history = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { maxLength: 20 }).chain((steps) => {
    const shards = steps.map(([a, b, merges], index) => ({
      ShardId: `shard-${(index * 7) % 20}`,
      ...(index === 0 ? {} : { ParentShardId: `shard-${((a % index) * 7) % 20}` }),
      ...(index === 0 || !merges ? {} : { AdjacentParentShardId: `shard-${((b % index) * 7) % 20}` }),
    }))
    return fc.shuffledSubarray(shards, { minLength: shards.length })
  })
  fc.assert(
    fc.property(history, (shards) => {
      const order = shardOrder(shards)
      const places = new Map(order.map(({ ShardId }, place) => [ShardId, place]))
      expect(order).toHaveLength(shards.length)
      for (const shard of order)
        for (const parent of parentsOf(shard)) expect(places.get(parent)).toBeLessThan(places.get(shard.ShardId) as number)
    }),
  )
})
