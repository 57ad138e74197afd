/** What users of Kafka meet: a real broker does it, and the source is run as on a laptop. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kafkaTopic } from '../../../lib/adapters/local/kafka/kafka-topic.ts'
import type { NewRecord } from '../../contract/memory-topic.ts'
import { TopicBed } from '../../unit/runtime/sources/kafka/topic-bed.ts'
import { Broker, LOGIN } from './broker.ts'
import { BrokerTopic, eventually } from './topics.ts'

let broker: Broker
const topics: BrokerTopic[] = []

beforeAll(async () => {
  broker = await Broker.start()
}, 400_000)

afterAll(async () => {
  await Promise.all(topics.map((topic) => topic.close()))
  await broker.stop()
})

const create = async (
  name: string,
  partitions: number,
  configs: Readonly<Record<string, string>> = {},
): Promise<BrokerTopic> => {
  const topic = await BrokerTopic.create(broker.address, name, partitions, configs)
  topics.push(topic)
  return topic
}

const bedOf = (topic: BrokerTopic): TopicBed =>
  new TopicBed(0, {}, (isolation) => topic.open(isolation))

const values = (...texts: readonly string[]): readonly NewRecord[] =>
  texts.map((value) => ({ value }))

test('every compression is read', async () => {
  const topic = await create('compressed', 1)
  // Each put has the next of five.
  for (const text of ['a', 'b', 'c', 'd', 'e']) await topic.put(0, values(text.repeat(500), text))
  const bed = bedOf(topic)
  await bed.run()
  expect(bed.taken.map((line) => line.slice(-1))).toEqual('a,a,b,b,c,c,d,d,e,e'.split(','))
})

test('a topic that was compacted: what is left counts once, and the end is reached', async () => {
  const topic = await create('compacted', 1, {
    'cleanup.policy': 'compact',
    'segment.ms': '100',
    'min.cleanable.dirty.ratio': '0.01',
    'max.compaction.lag.ms': '100',
  })
  for (let n = 0; n < 5; n++)
    await topic.put(0, [
      { key: 'a', value: `a${n}`, timestampMs: Date.now() },
      { key: 'b', value: `b${n}`, timestampMs: Date.now() },
    ])
  const leftOf = async (): Promise<readonly string[]> => {
    // The newest segment is never compacted, so something must come later.
    await topic.put(0, [{ key: 'later', value: 'later', timestampMs: Date.now() }])
    const bed = bedOf(topic)
    expect(await bed.run()).toMatchObject({ kind: 'done' })
    return bed.taken.map((line) => line.slice(line.indexOf('=') + 1))
  }
  const left = await eventually(async () => {
    const found = await leftOf()
    if (found.includes('a1')) throw new Error('not compacted yet')
    return found
  }, 200)
  expect(left.filter((value) => value !== 'later')).toEqual(['a4', 'b4'])
})

test('records that were deleted before they were read are told, and the rest is read', async () => {
  const topic = await create('short', 2)
  for (const partition of [0, 1]) await topic.put(partition, values('a', 'b', 'c'))
  const bed = bedOf(topic)
  await bed.run()
  await topic.put(0, values('d', 'e', 'f'))
  await topic.deleteBefore(0, 5)
  await bed.run()
  await bed.run()
  expect(bed.taken.toSorted()).toEqual([
    '0:0=a',
    '0:1=b',
    '0:2=c',
    '0:5=f',
    '1:0=a',
    '1:1=b',
    '1:2=c',
  ])
  expect(bed.deadLetters).toHaveLength(1)
})

test('a topic that is deleted and created again is read from its beginning', async () => {
  const topic = await create('again', 1)
  await topic.put(0, values('a', 'b', 'c'))
  const bed = bedOf(topic)
  await bed.run()
  await topic.recreate(1)
  await eventually(() => topic.put(0, values('x', 'y')))
  await bed.run()
  await bed.run()
  expect(bed.taken).toEqual(['0:0=a', '0:1=b', '0:2=c', '0:0=x', '0:1=y'])
})

test('a record that is larger than a fetch is read', async () => {
  const topic = await create('large', 1, { 'max.message.bytes': '20000000' })
  const large = 'x'.repeat(9_500_000)
  await topic.put(0, values('a'))
  await topic.put(0, values(large))
  await topic.put(0, values('b'))
  const bed = bedOf(topic)
  await bed.run()
  expect(bed.taken.map((line) => line.length)).toEqual([5, large.length + 4, 5])
})

test('a log-in is used where a broker asks for one, and a wrong one is said', async () => {
  const topic = await create('guarded', 1)
  await topic.put(0, values('a'))
  const open = (password: string) => () =>
    kafkaTopic({
      topic: 'guarded',
      brokers: [broker.guardedAddress],
      isolation: 'read_committed',
      security: { sasl: { mechanism: 'PLAIN', username: LOGIN.username, password } },
    })
  const bed = new TopicBed(0, {}, open(LOGIN.password))
  await bed.run()
  expect(bed.taken).toEqual(['0:0=a'])
  const refused = open('wrong')()
  await expect(refused.describe()).rejects.toMatchObject({
    code: 'TOPIC_UNREADABLE',
    message: expect.stringMatching(/authentication/i) as unknown,
  })
  await refused.close()
})

test.each([
  ['a topic that does not exist', () => broker.address, /Unknown topic/],
  ['brokers that are not there', () => '127.0.0.1:1', /ECONNREFUSED|connect/i],
])('%s is said so', async (_, address, message) => {
  const reader = kafkaTopic({
    topic: 'missing',
    brokers: [address()],
    isolation: 'read_committed',
  })
  await expect(reader.describe()).rejects.toMatchObject({
    code: 'TOPIC_UNREADABLE',
    message: expect.stringMatching(message) as unknown,
  })
  await reader.close()
})
