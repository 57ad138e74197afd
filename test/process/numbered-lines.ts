import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** What went over one connection: the numbers from `first` to `last`; none if `last` is smaller. */
export interface Connection {
  readonly first: number
  last: number
}

const LINES_AT_ONCE = 20
const PAUSE_MS = 5

/**
 * A server that sends the lines 1, 2, 3, ..., each once, over whatever connection there is: what a
 * connection loses is never sent again.
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

  /** How many lines were sent in all. */
  get sent(): number {
    return this.#next - 1
  }

  /** Resolves when nobody is connected any more. */
  async disconnected(): Promise<void> {
    const socket = this.#open
    if (socket !== undefined && !socket.closed) await once(socket, 'close')
  }

  /** Waits for a connection besides the first so many, and ends it after what was sent. */
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
