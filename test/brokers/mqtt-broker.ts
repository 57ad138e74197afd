/** A broker of MQTT on a port of this machine, for tests. Its sessions are in memory. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Aedes, type PublishPacket } from 'aedes'

/** How the broker is opened. */
export interface TestBrokerOptions {
  /** What a client must give. Default: nothing. */
  readonly login?: { readonly username: string; readonly password: string }
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** A broker whose server can be stopped and started: the sessions stay, as on a disk. */
export class TestBroker {
  /** What clients have acknowledged, by the payload. A message may be acknowledged twice. */
  readonly acknowledged: string[] = []
  readonly #broker: Aedes
  readonly #tls: TestBrokerOptions['tls']
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0

  private constructor(broker: Aedes, tls: TestBrokerOptions['tls']) {
    this.#broker = broker
    this.#tls = tls
  }

  static async open({ login, tls }: TestBrokerOptions = {}): Promise<TestBroker> {
    const isRight = (username?: string, password?: unknown): boolean =>
      login === undefined || (username === login.username && String(password) === login.password)
    const aedes = await Aedes.createBroker({
      authenticate: (_, username, password, done) => done(null, isRight(username, password)),
    })
    const broker = new TestBroker(aedes, tls)
    aedes.on('ack', (packet) => {
      const payload = (packet as PublishPacket | undefined)?.payload
      if (payload !== undefined) broker.acknowledged.push(String(payload))
    })
    await broker.start()
    return broker
  }

  get port(): number {
    return this.#port
  }

  async start(): Promise<void> {
    const handle = (socket: Socket): void => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined)
      this.#broker.handle(socket)
    }
    this.#server =
      this.#tls === undefined ? createServer(handle) : createTlsServer(this.#tls, handle)
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Cuts all connections. The port is free then, and the sessions stay. */
  async stop(): Promise<void> {
    const closed = this.#server === undefined ? undefined : once(this.#server, 'close')
    this.#server?.close()
    this.cut()
    await closed
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Resolves when the broker has the message. */
  publish(
    topic: string,
    payload: string | Buffer,
    how: Partial<PublishPacket> = {},
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const packet = { cmd: 'publish', qos: 1, retain: false, dup: false, ...how } as const
      this.#broker.publish({ ...packet, topic, payload }, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await new Promise<void>((resolve) => this.#broker.close(() => resolve()))
  }
}
