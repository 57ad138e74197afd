import { afterAll, beforeAll } from 'vitest'
import { kafkaTopicContract } from '../../contract/kafka-topic.contract.ts'
import { Broker } from './broker.ts'
import { BrokerTopic } from './topics.ts'

let broker: Broker
const topics: BrokerTopic[] = []

beforeAll(async () => {
  broker = await Broker.start()
}, 400_000)

afterAll(async () => {
  await Promise.all(topics.map((topic) => topic.close()))
  await broker.stop()
})

kafkaTopicContract('a topic of a broker', async (partitions) => {
  const topic = await BrokerTopic.create(broker.address, `t${topics.length}`, partitions)
  topics.push(topic)
  return topic
})
