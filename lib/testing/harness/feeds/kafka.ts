import type { TopicRecord } from '../../../ports/topic-reader.ts'
import type { KafkaLocation } from '../../../runtime/sources/kafka/event.ts'
import '../../../runtime/sources/kafka/kind.ts'
import { kafkaDelivery, targetOf } from '../../../runtime/sources/kafka/records.ts'
import { type Feed, registerFeed, type Waiting } from './feed.ts'

type Data = string | Uint8Array

/** A record of a topic with its key. */
export interface TestTopicRecord {
  /** Null: a tombstone. */
  readonly value: Data | null
  /** Default: none. */
  readonly key?: Data
  readonly headers?: Readonly<Record<string, Data>>
  /** Default 0. */
  readonly partition?: number
  /** Default: when it was added. */
  readonly timestamp?: Date
}

const isData = (value: unknown): value is Data =>
  typeof value === 'string' || value instanceof Uint8Array

const isRecord = (value: unknown): value is TestTopicRecord =>
  typeof value === 'object' &&
  value !== null &&
  'value' in value &&
  (value.value === null || isData(value.value))

const bytesOf = (data: Data): Uint8Array =>
  typeof data === 'string' ? new TextEncoder().encode(data) : data

/** Records go through intake as those of a broker do. */
class TopicFeed implements Feed {
  readonly takesFiles = false
  readonly #topic: string
  readonly #ends = new Map<number, number>()

  constructor(topic: string) {
    this.#topic = topic
  }

  takes(element: unknown): boolean {
    return isData(element) || isRecord(element)
  }

  async deliver(waiting: readonly Waiting[], nodes: Parameters<Feed['deliver']>[1]): Promise<void> {
    const records = waiting.flatMap(({ elements, arrivedMs }) =>
      elements
        .map((element) => (isData(element) ? { value: element } : element))
        .filter(isRecord)
        .map((one) => this.#placed(one, arrivedMs)),
    )
    const byPartition = Map.groupBy(records, ({ partition }) => partition)
    for (const { source, declared, intake } of nodes)
      for (const [partition, placed] of byPartition) {
        const name = { topic: this.#topic, life: 0, id: 'test', partition }
        const target = targetOf(source, declared)
        const ofPartition = placed.map(({ record }) => record)
        await intake.append(kafkaDelivery(target, { name, records: ofPartition }))
      }
  }

  #placed(
    { value, key, headers = {}, partition = 0, timestamp }: TestTopicRecord,
    arrivedMs: number,
  ): { readonly partition: number; readonly record: TopicRecord } {
    const offset = this.#ends.get(partition) ?? 0
    this.#ends.set(partition, offset + 1)
    const record = {
      offset,
      timestampMs: timestamp?.getTime() ?? arrivedMs,
      key: key === undefined ? null : bytesOf(key),
      value: value === null ? null : bytesOf(value),
      headers: Object.entries(headers).map(([name, data]) => [name, bytesOf(data)] as const),
    }
    return { partition, record }
  }
}

registerFeed({
  kind: 'kafka',
  location: (topic): KafkaLocation => ({ kind: 'kafka', cluster: 'test', topic }),
  open: (topic) => new TopicFeed(topic),
})
