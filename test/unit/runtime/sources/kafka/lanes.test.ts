import { expect, test } from 'vitest'
import {
  earlierLives,
  laneOf,
  lifeOf,
  partitionOf,
} from '../../../../../lib/runtime/sources/kafka/lanes.ts'

const ID = '6f9619ff-8b86-d011-b42d-00cf4fc964ff'

test.each([
  ['a topic', { topic: 'orders', life: 0, id: ID, partition: 3 }, `orders@0/${ID}-3`],
  ['any topic', { topic: '__a.b-c_1', life: 12, id: 'x', partition: 1_000 }, '__a.b-c_1@12/x-1000'],
])('the lane of a partition of %s is its name, and back', (_, name, lane) => {
  expect([laneOf(name), partitionOf(lane)]).toEqual([lane, name])
})

test.each(['receiver', '@messages', 'redrive-attempt1', 'orders@/x-1'])(
  '%s is no partition',
  (lane) => {
    expect(partitionOf(lane)).toBeUndefined()
  },
)

test.each([
  ['a first topic', [], 0],
  ['a partition that is known', ['orders@0/a-0', 'orders@3/a-1', 'orders@4/a-1'], 4],
  ['a new partition of a known topic', ['orders@2/a-0', 'orders@3/a-0'], 2],
  ['a topic that replaces others', ['orders@0/b-1', 'orders@1/c-0', 'other@7/d-1'], 2],
])('the life of %s', (_, lanes, life) => {
  expect(lifeOf({ topic: 'orders', id: 'a', partition: 1 }, lanes)).toBe(life)
})

test('a partition waits for its own earlier life, and for all of a topic before it', () => {
  const lanes = ['orders@0/a-0', 'orders@0/a-1', 'orders@1/a-1', 'orders@2/b-0', 'other@0/c-0']
  expect(earlierLives([...lanes, 'receiver'])).toEqual(
    new Map([
      ['orders@1/a-1', ['orders@0/a-1']],
      ['orders@2/b-0', ['orders@0/a-0', 'orders@0/a-1', 'orders@1/a-1']],
    ]),
  )
})
