import { kafkaTopicContract } from './kafka-topic.contract.ts'
import { MemoryTopic } from './memory-topic.ts'

kafkaTopicContract('a topic in memory', async (partitions) => {
  const topic = new MemoryTopic(partitions)
  return {
    open: (isolation) => topic.open(isolation),
    put: async (partition, records) => topic.put(partition, records),
    transact: async (partition, records, end) => topic.transact(partition, records, end),
    deleteBefore: async (partition, offset) => topic.deleteBefore(partition, offset),
    recreate: async (count) => topic.recreate(count),
    addPartition: async () => topic.addPartition(),
    committed: async (partition) => topic.committed.get(partition),
  }
})
