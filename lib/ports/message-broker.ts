/** A connection to a broker of MQTT, with one subscription. */

/** Where to connect, and what to subscribe. */
export interface BrokerTarget {
  readonly host: string
  readonly port: number
  /** Whether the connection is encrypted. */
  readonly tls: boolean
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Certificates and a key, in PEM, for TLS. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly clientId: string
  readonly protocol: '3.1.1' | '5'
  readonly filter: string
  /** Whether the broker should send what it has kept from before the subscription. */
  readonly retained: boolean
}

/** A message that has arrived. */
export interface BrokerMessage {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: 0 | 1
  readonly retain: boolean
  readonly packetId?: number
}

/** Takes what arrives, and hears how the connection does. */
export interface BrokerConsumer {
  /** Resolves when the message is stored: only then is it acknowledged. Rejects: it never is. */
  take(message: BrokerMessage): Promise<void>
  /** Resolves when there is room for more. Undefined: there is. */
  room(): Promise<void> | undefined
  /** The broker has accepted the subscription. */
  subscribed(): void
}

/**
 * One connection. The session of its client outlives it: the broker keeps messages of QoS 1 that
 * are not acknowledged, and those that come while nobody is connected.
 */
export interface BrokerConnection {
  /** Resolves when the connection has ended, with the reason. It does not connect again. */
  readonly closed: Promise<string>
  /** Says good-bye. Resolves when it is closed. */
  stop(): Promise<void>
}

/** Begins a connection. What goes wrong is the reason of `closed`. */
export type OpenBroker = (target: BrokerTarget, consumer: BrokerConsumer) => BrokerConnection
