import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Peer } from './receiver.contract.ts'

/** A TCP server that a test plays, on a port of its own. */
export interface LineServer {
  readonly port: number
  nextSocket(): Promise<Socket>
}

const closeWithTest = (server: Server, sockets: readonly Socket[]): void =>
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })

/** Listens on `port`, or on any that is free. */
export const lineServer = async (port = 0): Promise<LineServer> => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    // A receiver that is stopped breaks the connection: that is no failure of the test.
    socket.on('error', () => undefined)
    sockets.push(socket)
  })
  server.listen(port, '127.0.0.1')
  closeWithTest(server, sockets)
  await once(server, 'listening')
  let taken = 0
  return {
    port: (server.address() as AddressInfo).port,
    async nextSocket(): Promise<Socket> {
      taken += 1
      while (sockets.length < taken) await once(server, 'connection')
      return sockets[taken - 1] as Socket
    },
  }
}

/** The socket as the far side of a receiver. */
export const peerOf = (socket: Socket): Peer => ({
  send: (bytes) =>
    new Promise((resolve, reject) =>
      socket.write(bytes, (error) => (error ? reject(error) : resolve())),
    ),
  end: () => void socket.end(),
  break: () => void socket.resetAndDestroy(),
})
