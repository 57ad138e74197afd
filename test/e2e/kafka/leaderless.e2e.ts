/**
 * A partition whose only broker is gone: first the cluster has not noticed it, and then it has. A
 * real cluster of two brokers. The other partition is read all the time.
 */
import { Admin, Producer } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kafkaTopic } from '../../../lib/adapters/local/kafka/kafka-topic.ts'
import { TopicBed } from '../../unit/runtime/sources/kafka/topic-bed.ts'
import { Broker } from './broker.ts'
import { eventually } from './topics.ts'

const TOPIC = 'split'

let first: Broker
let second: Broker
let admin: Admin
let producer: Producer

beforeAll(async () => {
  first = await Broker.start()
  second = await first.addNode()
  const base = { clientId: 'test', bootstrapBrokers: [first.address] }
  admin = new Admin(base)
  producer = new Producer(base)
  const assignments = [1, 2].map((node) => ({ partition: node - 1, brokers: [node] }))
  await eventually(() => admin.createTopics({ topics: [TOPIC], assignments }))
}, 400_000)

afterAll(async () => {
  await Promise.all([admin, producer].map((client) => client.close().catch(() => undefined)))
  await second.stop()
  await first.stop()
})

const open = () =>
  kafkaTopic({ topic: TOPIC, brokers: [first.address], isolation: 'read_committed' })

const put = (partition: number, value: string): Promise<unknown> =>
  eventually(() =>
    producer.send({
      acks: -1,
      messages: [{ topic: TOPIC, partition, value: Buffer.from(value) }] as never[],
    }),
  )

test('waits, and stops no other', { timeout: 240_000 }, async () => {
  const bed = new TopicBed(0, {}, open)
  await put(0, 'a')
  await put(1, 'x')
  await bed.run()
  expect(bed.taken.toSorted()).toEqual(['0:0=a', '1:0=x'])
  await put(1, 'y')
  await put(0, 'b')
  await second.kill()
  // The cluster still names the broker that is gone.
  expect(await bed.run()).toMatchObject({ kind: 'done' })
  expect(bed.taken.toSorted()).toEqual(['0:0=a', '0:1=b', '1:0=x'])
  expect(bed.said.join('\n')).toMatch(/partition 1 .* cannot be read now \(connect/)

  // It has noticed: there is no leader.
  await eventually(async () => {
    const again = new TopicBed(0, {}, open)
    await again.run()
    if (!/partition 1 .* \(no leader\)/.test(again.said.join())) throw new Error('not yet')
    expect(again.taken).toEqual(['0:0=a', '0:1=b'])
  })
  await put(0, 'c')
  expect(await bed.run()).toMatchObject({ kind: 'done' })
  expect(bed.taken.toSorted()).toEqual(['0:0=a', '0:1=b', '0:2=c', '1:0=x'])

  await second.restart()
  await eventually(async () => {
    await bed.run()
    expect(bed.taken.toSorted()).toEqual(['0:0=a', '0:1=b', '0:2=c', '1:0=x', '1:1=y'])
  })
  expect(bed.deadLetters).toEqual([])
})
