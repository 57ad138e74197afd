import { KINESIS_RECORDS } from '../../../dstream/sources/kinesis.ts'
import {
  kinesisDeliveries,
  type KinesisEventRecord,
} from '../../../runtime/sources/kinesis/event.ts'
import type { StreamLocation } from '../../../runtime/sources/kinesis/kind.ts'
import { type Feed, registerFeed, type Waiting } from './feed.ts'

/** A record of a stream with its key. */
export interface TestRecord {
  readonly data: string | Uint8Array
  /** Default `key`. */
  readonly partitionKey?: string
  /** The name of its shard. Default `shard-0`. */
  readonly shard?: string
}

type Data = TestRecord['data']

const isData = (value: unknown): value is Data =>
  typeof value === 'string' || value instanceof Uint8Array

const isRecord = (value: unknown): value is TestRecord =>
  typeof value === 'object' && value !== null && 'data' in value && isData(value.data)

const arnOf = (name: string): string => `arn:aws:kinesis:test:000000000000:stream/${name}`

/** Records arrive in an event, and go through intake as they do in production. */
class StreamFeed implements Feed {
  readonly takesFiles = false
  readonly #name: string
  #sequenceNumber = 0

  constructor(name: string) {
    this.#name = name
  }

  takes(element: unknown): boolean {
    return isData(element) || isRecord(element)
  }

  async deliver(waiting: readonly Waiting[], nodes: Parameters<Feed['deliver']>[1]): Promise<void> {
    const records = waiting.flatMap((one) => this.#eventRecords(one))
    for (const { source, declared, intake } of nodes) {
      const elements = declared.elements === KINESIS_RECORDS ? 'records' : 'text'
      const target = { source, elements, createdMs: 0 } as const
      for (const delivery of kinesisDeliveries({ Records: records }, target))
        await intake.append(delivery)
    }
  }

  #eventRecords({ elements, arrivedMs }: Waiting): readonly KinesisEventRecord[] {
    return elements
      .map((element) => (isData(element) ? { data: element } : element))
      .filter(isRecord)
      .map(({ data, partitionKey = 'key', shard = 'shard-0' }) => {
        const sequenceNumber = String(++this.#sequenceNumber)
        const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : Buffer.from(data)
        return {
          eventID: `${shard}:${sequenceNumber}`,
          eventSourceARN: arnOf(this.#name),
          kinesis: {
            partitionKey,
            sequenceNumber,
            data: bytes.toString('base64'),
            approximateArrivalTimestamp: arrivedMs / 1_000,
          },
        }
      })
  }
}

registerFeed({
  kind: 'kinesis',
  location: (name): StreamLocation => ({ kind: 'kinesis', streamArn: arnOf(name) }),
  open: (name) => new StreamFeed(name),
})
