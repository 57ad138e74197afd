import { MillraceError } from '../../../base/errors.ts'
import { RECEIVER_LANE } from '../../../state/receiver-lane.ts'
import '../../../runtime/sources/mqtt/kind.ts'
import { takenOf } from '../../../runtime/sources/mqtt/messages.ts'
import { type Feed, registerFeed, type Waiting } from './feed.ts'

/** A message of a broker. */
export interface TestTopicMessage {
  readonly payload: string | Uint8Array
  /** Default: the name of the source. */
  readonly topic?: string
  /** Default `false`. */
  readonly retain?: boolean
}

const isData = (value: unknown): value is string | Uint8Array =>
  typeof value === 'string' || value instanceof Uint8Array

const isMessage = (value: unknown): value is TestTopicMessage =>
  typeof value === 'object' && value !== null && 'payload' in value && isData(value.payload)

/** Messages that are stored as a receiver stores them. */
class TopicsFeed implements Feed {
  readonly takesFiles = false
  readonly #topic: string

  constructor(topic: string) {
    this.#topic = topic
  }

  takes(element: unknown): boolean {
    return isData(element) || isMessage(element)
  }

  async deliver(waiting: readonly Waiting[], nodes: Parameters<Feed['deliver']>[1]): Promise<void> {
    const messages = waiting
      .flatMap(({ elements }) => elements)
      .map((element) => (isData(element) ? { payload: element } : element))
      .filter(isMessage)
    for (const { declared, intake } of nodes) {
      const records = messages.map(({ payload, topic = this.#topic, retain = false }) => {
        const taken = takenOf(declared, { topic, payload: Buffer.from(payload), retain, qos: 1 })
        if ('record' in taken) return taken.record
        throw new MillraceError('ARGUMENT_INVALID', {
          problem: 'The source puts this message aside, and tests cannot add it',
          value: payload,
          allowed: 'valid UTF-8, unless the source is made by mqttRecords()',
        })
      })
      if (records.length > 0) await intake.appendAtTail(RECEIVER_LANE, records)
    }
  }
}

registerFeed({
  kind: 'mqtt',
  // It only needs its lanes.
  location: () => ({ kind: 'fed' }),
  open: (name) => new TopicsFeed(name),
})
