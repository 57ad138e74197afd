/**
 * A connection to a broker over the package `mqtt`.
 *
 * That client hands on one message at a time, and holds back everything until it may acknowledge
 * it, also the answers to its pings. So each message would wait for an append of its own, and a
 * pipeline that is behind would lose its connection. Therefore
 *
 * 1. a message of QoS 1 is shown to the client as one of QoS 0, which it does not acknowledge,
 * 2. the acknowledgement is written here, after the append, on the connection that brought the
 *    message, and
 * 3. if the client should acknowledge something by itself, the connection is cut before it can.
 *
 * When there is no room, the client holds back what comes, so the sender is slowed down. It then
 * sees no answers to pings either, so pings are sent from here, and taken as answered.
 */
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt'
import type {
  BrokerConnection,
  BrokerConsumer,
  BrokerMessage,
  BrokerTarget,
  OpenBroker,
} from '../../../ports/message-broker.ts'

const CONNECT_MS_MAX = 10_000
const KEEPALIVE_S = 30
/** How long a good-bye may take. */
const STOP_MS_MAX = 2_000
/** Messages that are sent and not acknowledged. Only version 5 can say so. */
const IN_FLIGHT_MAX = 1_000
/** The session does not end while nobody is connected. Brokers may have a limit of their own. */
const SESSION_NEVER_EXPIRES = 0xff_ff_ff_ff
/** A subscription answers with this or more when it is refused. */
const REFUSED = 128
/** Of version 5, for what is kept: only with a new subscription, or never. */
const SEND_KEPT_ONCE = 1
const SEND_KEPT_NEVER = 2

const optionsOf = (target: BrokerTarget): IClientOptions => {
  const { host, port, tls, clientId, protocol, username, password, ca, cert, key } = target
  return {
    protocol: tls ? 'mqtts' : 'mqtt',
    host,
    port,
    clientId,
    clean: false,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_MS_MAX,
    // The caller connects again, and says so.
    reconnectPeriod: 0,
    resubscribe: false,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(protocol === '5'
      ? {
          protocolVersion: 5,
          properties: {
            sessionExpiryInterval: SESSION_NEVER_EXPIRES,
            receiveMaximum: IN_FLIGHT_MAX,
          },
        }
      : { protocolVersion: 4 }),
  }
}

class OpenedConnection implements BrokerConnection {
  readonly closed: Promise<string>
  readonly #client: MqttClient
  readonly #consumer: BrokerConsumer
  /** The packets of QoS 1, which look as if they had QoS 0. */
  readonly #packetIds = new WeakMap<IPublishPacket, number>()
  /** What is being stored. */
  readonly #taking = new Set<Promise<void>>()
  #reason = 'the connection was closed'

  constructor(target: BrokerTarget, consumer: BrokerConsumer) {
    this.#consumer = consumer
    const client = connect(optionsOf(target))
    this.#client = client
    client.on('packetreceive', (packet) => {
      if (packet.cmd !== 'publish' || packet.qos !== 1 || packet.messageId === undefined) return
      this.#packetIds.set(packet, packet.messageId)
      packet.qos = 0
    })
    client.on('packetsend', ({ cmd }) => {
      if (cmd === 'puback') this.#cut('the client has acknowledged a message by itself')
    })
    client.handleMessage = (packet, done) => this.#handle(packet, () => done())
    client.on('connect', () => this.#subscribe(target))
    client.on('disconnect', ({ reasonCode }) => {
      this.#reason = `the broker has closed the connection with reason ${reasonCode}`
    })
    client.on('error', ({ message, code }: Error & { readonly code?: unknown }) =>
      this.#cut(message || String(code)),
    )
    this.closed = new Promise((resolve) => client.on('close', () => resolve(this.#reason)))
  }

  async stop(): Promise<void> {
    const cut = setTimeout(() => this.#cut('it has stopped'), STOP_MS_MAX)
    await Promise.allSettled(this.#taking)
    this.#client.end(false)
    await this.closed
    clearTimeout(cut)
  }

  #cut(reason: string): void {
    this.#reason = reason
    this.#client.stream.destroy()
    this.#client.end(true)
  }

  #subscribe({ filter, retained }: BrokerTarget): void {
    // The session of an earlier run may have another filter, or none: a run can die before this.
    const options = { qos: 1 as const, rh: retained ? SEND_KEPT_ONCE : SEND_KEPT_NEVER }
    this.#client.subscribe(filter, options, (error, granted) => {
      const code = granted?.[0]?.qos ?? REFUSED
      if (error !== null) this.#cut(`the broker has refused to subscribe: ${error.message}`)
      else if (code >= REFUSED) this.#cut(`the broker has refused the filter ${filter}`)
      else if (code < 1) this.#cut(`the broker gives ${filter} only with QoS 0`)
      else this.#consumer.subscribed()
    })
  }

  #handle(packet: IPublishPacket, goOn: () => void): void {
    const { topic, payload, retain } = packet
    const packetId = this.#packetIds.get(packet)
    const message = {
      topic,
      payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
      retain,
      ...(packetId === undefined ? { qos: 0 as const } : { qos: 1 as const, packetId }),
    }
    const taking = this.#take(message)
    this.#taking.add(taking)
    void taking.then(() => this.#taking.delete(taking))
    const room = this.#consumer.room()
    if (room === undefined) goOn()
    else void this.#wait(room, goOn)
  }

  async #take(message: BrokerMessage): Promise<void> {
    try {
      await this.#consumer.take(message)
    } catch {
      // What is not stored is not acknowledged, and comes again.
      return
    }
    if (message.packetId !== undefined) this.#acknowledge(message.packetId)
  }

  async #wait(room: Promise<void>, goOn: () => void): Promise<void> {
    const client = this.#client
    const pings = setInterval(
      () => {
        if (!client.connected) return
        client.sendPing()
        client.reschedulePing(true)
      },
      (KEEPALIVE_S * 1_000) / 3,
    )
    const ended = this.closed.then(() => undefined)
    await Promise.race([room, ended])
    clearInterval(pings)
    goOn()
  }

  /** The packet PUBACK, which has the same form in both versions. */
  #acknowledge(packetId: number): void {
    const { stream } = this.#client
    if (!stream.destroyed && stream.writable)
      stream.write(Buffer.of(0x40, 2, packetId >> 8, packetId & 0xff))
  }
}

/** An {@link OpenBroker} over the package `mqtt`. */
export const openMqtt: OpenBroker = (target, consumer) => new OpenedConnection(target, consumer)
