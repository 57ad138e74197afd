/** Services in memory behind an HTTP endpoint on this machine, for other processes. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { WireRequest } from './buckets.ts'
import type { Services } from './services.ts'

/** An open endpoint. */
export interface Endpoint {
  readonly url: string
  readonly close: () => Promise<void>
}

const requestOf = async (message: IncomingMessage): Promise<WireRequest> => {
  const { pathname, searchParams } = new URL(message.url ?? '/', 'http://127.0.0.1')
  return {
    method: message.method ?? 'GET',
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: Object.fromEntries(
      Object.entries(message.headers).map(([name, value]) => [name, String(value)]),
    ),
    body: new Uint8Array(await buffer(message)),
  }
}

/** Opens an endpoint. It asks `services` for each request, so the services may change. */
export const openEndpoint = async (services: () => Services): Promise<Endpoint> => {
  const server: Server = createServer((message, response) => {
    void requestOf(message).then((request) => {
      const { status, headers = {}, body = '' } = services().answer(request, 0)
      response.writeHead(status, headers).end(request.method === 'HEAD' ? '' : body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
