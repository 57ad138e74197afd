/** Topics of a broker, filled by a producer that is not ours. */
import { Admin, type CompressionAlgorithmValue, Producer } from '@platformatic/kafka'
import { setTimeout as sleep } from 'node:timers/promises'
import { kafkaTopic } from '../../../lib/adapters/local/kafka/kafka-topic.ts'
import type { TopicReader } from '../../../lib/ports/topic-reader.ts'
import type { NewRecord } from '../../contract/memory-topic.ts'
import type { TopicBed } from '../../contract/kafka-topic.contract.ts'

const COMPRESSIONS: readonly CompressionAlgorithmValue[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

const TRIES_MAX = 100
const PAUSE_MS = 100

/** Until the broker does it: it refuses calls for a moment after a topic was made or deleted. */
export const eventually = async <T>(call: () => Promise<T>, triesMax = TRIES_MAX): Promise<T> => {
  for (let tries = 1; ; tries++)
    try {
      return await call()
    } catch (error) {
      if (tries >= triesMax) throw error
      await sleep(PAUSE_MS)
    }
}

const bytesOf = (text: string | Uint8Array): Buffer => Buffer.from(text as Uint8Array)

/** One topic. */
export class BrokerTopic implements TopicBed {
  readonly name: string
  readonly #address: string
  readonly #admin: Admin
  readonly #producer: Producer
  readonly #transactions: Producer
  #puts = 0

  private constructor(address: string, name: string) {
    this.name = name
    this.#address = address
    const base = { clientId: 'test', bootstrapBrokers: [address] }
    this.#admin = new Admin(base)
    this.#producer = new Producer(base)
    this.#transactions = new Producer({ ...base, idempotent: true, transactionalId: name })
  }

  static async create(
    address: string,
    name: string,
    partitions: number,
    configs: Readonly<Record<string, string>> = {},
  ): Promise<BrokerTopic> {
    const topic = new BrokerTopic(address, name)
    await topic.#create(partitions, configs)
    return topic
  }

  async #create(partitions: number, configs: Readonly<Record<string, string>>): Promise<void> {
    const settings = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const topics = [this.name]
    await eventually(() =>
      this.#admin.createTopics({ topics, partitions, replicas: 1, configs: settings }),
    )
    await eventually(async () => {
      const client = this.open()
      try {
        await client.describe()
        await client.offsets('end')
      } finally {
        await client.close()
      }
    })
  }

  open(isolation: 'read_committed' | 'read_uncommitted' = 'read_committed'): TopicReader {
    const brokers = [this.#address]
    return kafkaTopic({ topic: this.name, brokers, isolation, groupId: `${this.name}-group` })
  }

  #messages(partition: number, records: readonly NewRecord[]): object[] {
    return records.map(({ key, value, headers = [], timestampMs = 1_000 }) => ({
      topic: this.name,
      partition,
      timestamp: BigInt(timestampMs),
      ...(key === undefined ? {} : { key: bytesOf(key) }),
      ...(value === null ? {} : { value: bytesOf(value) }),
      headers: new Map(headers.map(([name, text]) => [bytesOf(name), bytesOf(text)])),
    }))
  }

  /** Each call has another compression. */
  async put(partition: number, records: readonly NewRecord[]): Promise<void> {
    const compression = COMPRESSIONS[this.#puts++ % COMPRESSIONS.length] as 'none'
    const messages = this.#messages(partition, records) as never[]
    await eventually(() => this.#producer.send({ acks: -1, compression, messages }))
  }

  async transact(
    partition: number,
    records: readonly NewRecord[],
    end: 'commit' | 'abort' | 'open',
  ): Promise<void> {
    const transaction = await this.#transactions.beginTransaction()
    await transaction.send({ messages: this.#messages(partition, records) as never[] })
    if (end !== 'open') await (end === 'commit' ? transaction.commit() : transaction.abort())
  }

  async deleteBefore(partition: number, offset: number): Promise<void> {
    const partitions = [{ partition, offset: BigInt(offset) }]
    await this.#admin.deleteRecords({ topics: [{ name: this.name, partitions }] })
  }

  async recreate(partitions: number): Promise<void> {
    await this.#admin.deleteTopics({ topics: [this.name] })
    await this.#create(partitions, {})
  }

  async addPartition(): Promise<void> {
    const client = this.open()
    const { partitions } = await client.describe()
    const count = partitions + 1
    const assignments = [{ brokerIds: [1] }]
    await this.#admin.createPartitions({ topics: [{ name: this.name, count, assignments }] })
    await eventually(async () => {
      const found = await client.describe()
      if (found.partitions !== count) throw new Error('not yet')
    })
    await client.close()
  }

  async committed(
    partition: number,
    groupId: string = `${this.name}-group`,
  ): Promise<number | undefined> {
    const groups = [groupId]
    const [group] = await this.#admin.listConsumerGroupOffsets({ groups })
    const found = group?.topics
      .flatMap(({ partitions }) => partitions)
      .find(({ partitionIndex }) => partitionIndex === partition)
    return found === undefined ? undefined : Number(found.committedOffset)
  }

  async close(): Promise<void> {
    const clients = [this.#admin, this.#producer, this.#transactions]
    await Promise.all(clients.map((client) => client.close().catch(() => undefined)))
  }
}
