import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** What one connection sent: the numbers from `first` to `last`. None if `last` is smaller. */
export interface Connection {
  readonly first: number
  last: number
}

const LINES_AT_ONCE = 20
const PAUSE_MS = 5

/**
 * A server that sends the lines 1, 2, 3, ... over the newest connection. It sends each line once,
 * even if a connection loses it.
 */
export class NumberedLines {
  readonly connections: Connection[] = []
  readonly #server: Server
  #next = 1
  #open: Socket | undefined

  constructor() {
    this.#server = createServer((socket) => this.#serve(socket))
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  /** The number of lines sent over all connections. */
  get sent(): number {
    return this.#next - 1
  }

  /** Resolves when the last client has disconnected. */
  async disconnected(): Promise<void> {
    const socket = this.#open
    if (socket !== undefined && !socket.closed) await once(socket, 'close')
  }

  /**
   * Waits until there are more than `besides` connections. Then closes the newest one, after the
   * lines that were sent.
   */
  async endConnection(besides: number): Promise<void> {
    while (this.connections.length <= besides) await once(this.#server, 'connection')
    this.#open?.end()
  }

  close(): void {
    this.#open?.destroy()
    this.#server.close()
  }

  #serve(socket: Socket): void {
    const connection: Connection = { first: this.#next, last: this.#next - 1 }
    this.connections.push(connection)
    this.#open = socket
    const send = (): void => {
      if (!socket.writable) return
      for (let line = 0; line < LINES_AT_ONCE; line++)
        socket.write(`${(connection.last = this.#next++)}\n`)
    }
    const timer = setInterval(send, PAUSE_MS)
    socket.on('error', () => undefined)
    socket.on('close', () => clearInterval(timer))
    socket.resume()
    send()
  }
}
