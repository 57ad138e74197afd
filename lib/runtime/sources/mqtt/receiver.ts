/**
 * Takes messages of topics. A message is acknowledged when it is stored (B1), and those that wait
 * are stored together.
 *
 * What if the process dies before the append? The broker sends the message again, since it was not
 * acknowledged. And between append and acknowledgement? It comes again too, and counts twice, or
 * once if it has an id (`message-reader.ts`). What if it goes on an hour later? The broker has
 * closed the connection. The acknowledgement is written to that connection or to none.
 *
 * What waits is bounded. When the queue is full, because the driver is behind, nothing more is read
 * from the connection, and the broker keeps the messages.
 */
import { whenAborted } from '../../../base/concurrency.ts'
import type { SourceDeclaration } from '../../../dstream/sources/declaration.ts'
import type { Clock } from '../../../ports/clock.ts'
import type {
  BrokerConsumer,
  BrokerMessage,
  BrokerTarget,
  OpenBroker,
} from '../../../ports/message-broker.ts'
import type { Delivery, Receiver, ReceiverSink, RejectedRecord } from '../../../ports/receiver.ts'
import { AppendQueue } from '../append-queue.ts'
import { type Taken, takenOf } from './messages.ts'

/** What a receiver of messages needs. */
export interface MqttReceiverParts {
  /** The broker, for messages to users. */
  readonly address: string
  readonly declared: SourceDeclaration
  readonly target: () => BrokerTarget
  readonly open: () => Promise<OpenBroker>
  readonly clock: Clock
}

/** Spark's `spark.streaming.receiverRestartDelay`. */
const RESTART_DELAY_MS = 2_000
/** What may wait, in bytes and in messages. */
const BYTES_MAX: number = 32 * 1024 * 1024
const MESSAGES_MAX = 20_000
/** What one append takes. */
const APPEND_BYTES = 4 * 1024 * 1024
/** About what a message takes besides its payload. */
const MESSAGE_BYTES = 200
const TELL_EVERY_MS = 60_000

const queueFor = (sink: ReceiverSink, storesMessages: boolean, clock: Clock): AppendQueue<Taken> =>
  new AppendQueue({
    bytesMax: BYTES_MAX,
    recordsMax: MESSAGES_MAX,
    appendBytes: APPEND_BYTES,
    // A client hands on thousands of messages without letting anything else run. An append for
    // each would stop the batches for seconds, so all that is there now is collected first.
    turn: () => clock.sleep(0),
    store: (taken) => sink.store(deliveryOf(taken, storesMessages)),
  })

/** A source that is declared as another kind has its texts in its lane, as any receiver. */
const deliveryOf = (messages: readonly Taken[], storesMessages: boolean): Delivery => {
  const records: unknown[] = []
  const rejected: RejectedRecord[] = []
  for (const taken of messages)
    if ('record' in taken) records.push(storesMessages ? taken.record : taken.record.body)
    else rejected.push({ ...taken.rejected, index: records.length })
  return { records, rejected, comesAgain: true }
}

/** Of what is put aside, only the first bytes are kept. */
const keptBytes = (taken: Taken, { payload }: BrokerMessage): number =>
  'rejected' in taken ? taken.rejected.data.byteLength : payload.byteLength

/** Tells that ids cannot be made, at most once a minute. */
const idTeller = (sink: ReceiverSink, clock: Clock): ((taken: Taken, topic: string) => void) => {
  let toldMs = -Infinity
  return (taken, topic) => {
    if (!('idFailure' in taken) || taken.idFailure === undefined) return
    if (clock.now() < toldMs + TELL_EVERY_MS) return
    toldMs = clock.now()
    sink.report(`a message of ${topic} has no id, and counts each time it comes`, taken.idFailure)
  }
}

/** What one run keeps from connection to connection. */
interface Running {
  readonly sink: ReceiverSink
  readonly queue: AppendQueue<Taken>
  readonly signal: AbortSignal
}

const consumerOf = (
  { address, declared, clock }: MqttReceiverParts,
  { filter, retained }: BrokerTarget,
  { sink, queue, signal }: Running,
): BrokerConsumer => {
  const tell = idTeller(sink, clock)
  return {
    async take(message: BrokerMessage): Promise<void> {
      if (message.retain && !retained) return
      if (signal.aborted) throw new Error('the run ends')
      const taken = takenOf(declared, message)
      tell(taken, message.topic)
      const bytes = keptBytes(taken, message) + MESSAGE_BYTES
      await queue.add(taken, { bytes, records: 1 })
    },
    room: () => queue.room(),
    subscribed: () => sink.report(`${address} sends ${filter}`),
  }
}

/** A {@link Receiver} of messages. Topics do not end, so a run that ends takes none. */
export const mqttReceiver = (parts: MqttReceiverParts): Receiver => ({
  description: parts.address,
  async run(sink, { signal, untilEnd }): Promise<void> {
    const { address, clock } = parts
    if (untilEnd)
      return sink.report(`${address} is not read: a run with --once ends with its input`)
    const openMqtt = await parts.open()
    const queue = queueFor(sink, parts.declared.storesMessages === true, clock)
    const ending = AbortSignal.any([signal, queue.failed])
    const ended = whenAborted(ending)
    while (!ending.aborted) {
      const target = parts.target()
      const connection = openMqtt(target, consumerOf(parts, target, { sink, queue, signal }))
      const reason = await Promise.race([connection.closed, ended.then(() => undefined)])
      if (reason === undefined) {
        await queue.settled()
        await connection.stop()
        break
      }
      sink.report(`${address}: connects again in ${RESTART_DELAY_MS / 1_000} s`, reason)
      await clock.sleep(RESTART_DELAY_MS, ending)
    }
    await queue.settled()
    queue.failed.throwIfAborted()
    sink.report('it has stopped')
  },
})
