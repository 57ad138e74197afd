/** Topics of Kafka that `millrace receive` feeds: deaths at each call, several processes, lives. */
import { kafka } from 'millrace/kafka'
import { expect, test } from 'vitest'
import type { Location } from '../../../../lib/runtime/locations.ts'
import { MemoryTopic } from '../../../contract/memory-topic.ts'
import { ReceiveBed } from './receive-bed.ts'

const BROKER: Location & object = { kind: 'kafka', brokers: 'localhost:9092' } as Location

const bedOf = (topic: MemoryTopic): ReceiveBed =>
  new ReceiveBed({ kafka: async ({ isolation }) => topic.open(isolation) }, BROKER, (ssc) =>
    ssc.streamFrom(kafka('orders')),
  )

const put = (topic: MemoryTopic, partition: number, ...texts: readonly string[]): void =>
  topic.put(
    partition,
    texts.map((value) => ({ value })),
  )

test('each record counts once, in its order, whenever a process dies', async () => {
  let calls = 1
  for (let deathAt = 1; deathAt <= calls; deathAt++)
    for (const applied of [false, true]) {
      const topic = new MemoryTopic(2)
      const bed = bedOf(topic)
      put(topic, 0, 'a', 'b', 'c')
      put(topic, 1, 'x')
      await bed.feed({ deathAt, applied })
      await bed.drive()
      put(topic, 0, 'd')
      put(topic, 1, 'y')
      await bed.feed()
      calls = Math.max(calls, bed.calls)
      await bed.drive()
      const taken = bed.taken.map(String)
      expect(taken.filter((one) => one < 'm')).toEqual(['a', 'b', 'c', 'd'])
      expect(taken.filter((one) => one > 'm')).toEqual(['x', 'y'])
    }
  expect(calls).toBeGreaterThan(5)
})

test('two processes may feed a topic at the same time', async () => {
  const topic = new MemoryTopic(3)
  const bed = bedOf(topic)
  const texts = Array.from({ length: 30 }, (_, index) => `r${index}`)
  for (const [index, text] of texts.entries()) put(topic, index % 3, text)
  expect(await Promise.all([bed.feed(), bed.feed()])).toEqual(['ended', 'ended'])
  await bed.drive()
  expect(bed.taken.map(String).toSorted()).toEqual(texts.toSorted())
})

test('a topic that is created again is read after what waits of the old ones', async () => {
  const topic = new MemoryTopic(2)
  const bed = bedOf(topic)
  const lives = Array.from({ length: 12 }, (_, life) => `life ${life}`)
  for (const [life, text] of lives.entries()) {
    if (life > 0) topic.recreate(2)
    put(topic, life % 2, text)
    await bed.feed()
  }
  await bed.drive()
  expect(bed.taken).toEqual(lives)
})

test('a partition that nobody serves is told, and the others are fed', async () => {
  const topic = new MemoryTopic(2)
  const bed = bedOf(topic)
  put(topic, 0, 'a')
  put(topic, 1, 'b')
  topic.leaderless.add(1)
  await bed.feed()
  topic.leaderless.clear()
  await bed.feed()
  await bed.drive()
  expect(bed.taken).toEqual(['a', 'b'])
  expect(JSON.stringify(bed.events)).toContain('partition 1 of topic orders cannot be read now')
})
