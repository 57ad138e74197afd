/** Listens for requests on ports of this machine. */
import type { HttpListener } from '../../../ports/http-listener.ts'
import { HttpServer, type HttpServerLimits } from './http-server.ts'

/** A {@link HttpListener}. Paths of one host and port share a server. */
export const httpListener = (limits: HttpServerLimits = {}): HttpListener => {
  const servers = new Map<string, Promise<HttpServer>>()
  return {
    async listen({ host, port, path }, handler) {
      const key = `${host}:${port}`
      const opened = servers.get(key) ?? HttpServer.open(host, port, limits)
      servers.set(key, opened)
      let server: HttpServer
      try {
        server = await opened
      } catch (error) {
        servers.delete(key)
        throw error
      }
      server.add(path, handler)
      return {
        async stop() {
          if (server.isLast(path)) servers.delete(key)
          await server.remove(path)
        },
      }
    },
  }
}
