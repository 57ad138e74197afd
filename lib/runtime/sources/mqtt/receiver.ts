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
import type { SourceDeclaration } from '../../../dstream/sources/declaration.ts'
import type { Clock } from '../../../ports/clock.ts'
import type {
  BrokerConsumer,
  BrokerMessage,
  BrokerTarget,
  OpenBroker,
} from '../../../ports/message-broker.ts'
import type { Delivery, Receiver, ReceiverSink, RejectedRecord } from '../../../ports/receiver.ts'
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

interface Waiting {
  readonly taken: Taken
  readonly bytes: number
  readonly done: PromiseWithResolvers<void>
}

/** Messages that wait for their append. */
class MessageQueue {
  readonly failure: Promise<unknown>
  readonly #sink: ReceiverSink
  readonly #storesMessages: boolean
  readonly #clock: Clock
  readonly #failed: (error: unknown) => void
  readonly #waiting: Waiting[] = []
  /**
   * Nothing is stored after a failure: it would get the positions of what has failed, and that may
   * be in the lane all the same.
   */
  #hasFailed = false
  #bytes = 0
  #messages = 0
  #room: PromiseWithResolvers<void> | undefined
  #storing: Promise<void> | undefined

  constructor(sink: ReceiverSink, storesMessages: boolean, clock: Clock) {
    this.#sink = sink
    this.#clock = clock
    this.#storesMessages = storesMessages
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.failure = promise
    this.#failed = resolve
  }

  /** Resolves when the message is stored. */
  async add(taken: Taken, payloadBytes: number): Promise<void> {
    if (this.#hasFailed) throw new Error('an earlier message could not be stored')
    const bytes = payloadBytes + MESSAGE_BYTES
    const done = Promise.withResolvers<void>()
    this.#bytes += bytes
    this.#messages += 1
    this.#waiting.push({ taken, bytes, done })
    this.#storing ??= this.#storeAll()
    await done.promise
  }

  room(): Promise<void> | undefined {
    if (this.#bytes < BYTES_MAX && this.#messages < MESSAGES_MAX) return undefined
    this.#room ??= Promise.withResolvers<void>()
    return this.#room.promise
  }

  /** Resolves when all is stored or has failed. */
  async settled(): Promise<void> {
    await this.#storing
  }

  async #storeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      // A client hands on thousands of messages without letting anything else run. An append for
      // each would stop the batches for seconds, so all that is there now is collected first.
      await this.#clock.sleep(0)
      const next = this.#next()
      try {
        await this.#sink.store(deliveryOf(next, this.#storesMessages))
        for (const { done } of next) done.resolve()
      } catch (error) {
        this.#hasFailed = true
        for (const { done } of [...next, ...this.#waiting.splice(0)]) done.reject(error)
        this.#failed(error)
      }
      for (const { bytes } of next) this.#bytes -= bytes
      this.#messages -= next.length
      this.#room?.resolve()
      this.#room = undefined
    }
    this.#storing = undefined
  }

  /** At least one. */
  #next(): readonly Waiting[] {
    let bytes = 0
    const past = this.#waiting.findIndex((one, index) => {
      bytes += one.bytes
      return index > 0 && bytes > APPEND_BYTES
    })
    return this.#waiting.splice(0, past === -1 ? this.#waiting.length : past)
  }
}

/** A source that is declared as another kind has its texts in its lane, as any receiver. */
const deliveryOf = (waiting: readonly Waiting[], storesMessages: boolean): Delivery => {
  const records: unknown[] = []
  const rejected: RejectedRecord[] = []
  for (const { taken } of waiting)
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
  readonly queue: MessageQueue
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
      await queue.add(taken, keptBytes(taken, message))
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
    const queue = new MessageQueue(sink, parts.declared.storesMessages === true, clock)
    const ended = Promise.race([aborted(signal), queue.failure])
    while (!signal.aborted) {
      const target = parts.target()
      const connection = openMqtt(target, consumerOf(parts, target, { sink, queue, signal }))
      const reason = await Promise.race([connection.closed, ended.then(() => undefined)])
      if (reason === undefined) {
        await queue.settled()
        await connection.stop()
        break
      }
      sink.report(`${address}: connects again in ${RESTART_DELAY_MS / 1_000} s`, reason)
      await clock.sleep(RESTART_DELAY_MS, signal)
    }
    await queue.settled()
    const failure = await Promise.race([queue.failure, Promise.resolve(NOTHING)])
    if (failure !== NOTHING) throw failure
    sink.report('it has stopped')
  },
})

const NOTHING = Symbol('nothing')

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
