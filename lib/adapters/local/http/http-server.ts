/**
 * A server of HTTP on a port of this machine, which several paths share. All that clients can make
 * it hold is bounded: connections, headers, bodies, and the time for each.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { HTTP_BODY_BYTES_MAX } from '../../../base/http-limits.ts'
import { MillraceError } from '../../../base/errors.ts'
import type { HttpAnswer, HttpHandler, HttpHead } from '../../../ports/http-listener.ts'

/** Limits, for tests. */
export interface HttpServerLimits {
  /** The bytes of all bodies that are held. Default 64 MiB. */
  readonly heldBytesMax?: number
  /** How long a request may take to arrive. Default 30 s. */
  readonly requestMs?: number
  /** How long a stop waits for requests that have begun. Default 10 s. */
  readonly stopMs?: number
}

const CONNECTIONS_MAX = 1_024
const HEADERS_BYTES_MAX = 16 * 1024
const DRAINED_BYTES_MAX = 32 * 1024 * 1024

interface Route {
  readonly handler: HttpHandler
  readonly running: Set<Promise<void>>
}

const answerOf = (status: number, error: string): HttpAnswer => ({
  status,
  text: JSON.stringify({ error }),
})

const STOPPING: HttpAnswer = {
  ...answerOf(503, 'this run ends: try again'),
  headers: { 'retry-after': '5' },
}
const FULL: HttpAnswer = {
  ...answerOf(503, 'too much arrives at the same time: try again'),
  headers: { 'retry-after': '2' },
}
const TOO_LONG = answerOf(413, `a body has at most ${HTTP_BODY_BYTES_MAX} bytes`)

/** What a client has not sent to its end. Nobody waits for an answer. */
class CutOff extends Error {}

/** The server of a host and a port. */
export class HttpServer {
  readonly #server: Server
  readonly #routes = new Map<string, Route>()
  readonly #limits: Required<HttpServerLimits>
  #heldBytes = 0
  #isStopping = false

  private constructor({
    heldBytesMax = 64 * 1024 * 1024,
    requestMs = 30_000,
    stopMs = 10_000,
  }: HttpServerLimits) {
    this.#limits = { heldBytesMax, requestMs, stopMs }
    const options = {
      requestTimeout: requestMs,
      headersTimeout: Math.min(requestMs, 10_000),
      connectionsCheckingInterval: Math.min(requestMs, 1_000),
      keepAliveTimeout: 5_000,
      maxHeaderSize: HEADERS_BYTES_MAX,
    }
    this.#server = createServer(options, (request, response) => this.#serve(request, response))
    // Clients that ask first do not send a body that is refused.
    this.#server.on('checkContinue', (request, response) => this.#serve(request, response, true))
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  /** Errors: `ADDRESS_UNAVAILABLE`. */
  static async open(host: string, port: number, limits: HttpServerLimits): Promise<HttpServer> {
    const opened = new HttpServer(limits)
    await new Promise<void>((resolve, reject) => {
      opened.#server.once('error', (error) => reject(unavailable(host, port, error)))
      opened.#server.listen({ host, port, exclusive: true }, resolve)
    })
    // A connection that fails must not end the process.
    opened.#server.removeAllListeners('error').on('error', () => undefined)
    return opened
  }

  /** Opens a path. */
  add(path: string, handler: HttpHandler): void {
    if (this.#routes.has(path))
      throw new MillraceError('ADDRESS_UNAVAILABLE', {
        problem: 'Two sources of this run take requests at the same address',
        value: path,
        fix: 'give each a path of its own, or use one stream for both',
      })
    this.#routes.set(path, { handler, running: new Set() })
  }

  /** Whether no other path is open. */
  isLast(path: string): boolean {
    return this.#routes.size === 1 && this.#routes.has(path)
  }

  /** Closes a path, and the server with the last one. Resolves when all requests are answered. */
  async remove(path: string): Promise<void> {
    const running = this.#routes.get(path)?.running ?? new Set()
    if (this.isLast(path)) return this.#close()
    this.#routes.delete(path)
    await Promise.all(running)
  }

  async #close(): Promise<void> {
    this.#isStopping = true
    const cut = setTimeout(() => this.#server.closeAllConnections(), this.#limits.stopMs)
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    clearTimeout(cut)
    this.#routes.clear()
  }

  #serve(request: IncomingMessage, response: ServerResponse, asks = false): void {
    const { path, query } = targetOf(request)
    const route = this.#routes.get(path)
    const headers = plain(request.headers)
    const head: HttpHead = { method: request.method ?? '', headers, query }
    const refused =
      route === undefined
        ? answerOf(404, `nothing listens on ${path}`)
        : (route.handler.admit(head) ?? this.#refusalOf(request))
    if (route === undefined || refused !== undefined)
      return this.#answer(request, response, refused ?? STOPPING)
    if (asks) response.writeContinue()
    const running = this.#take(route.handler, head, request, response)
    route.running.add(running)
    void running.then(() => route.running.delete(running))
  }

  #refusalOf(request: IncomingMessage): HttpAnswer | undefined {
    if (this.#isStopping) return STOPPING
    const length = Number(request.headers['content-length'] ?? 0)
    if (length > HTTP_BODY_BYTES_MAX) return TOO_LONG
    return this.#heldBytes + length > this.#limits.heldBytesMax ? FULL : undefined
  }

  /** Never rejects. */
  async #take(
    handler: HttpHandler,
    head: HttpHead,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    let held = 0
    const hold = (bytes: number): void => {
      held += bytes
      this.#heldBytes += bytes
    }
    try {
      const body = await this.#bodyOf(request, hold)
      const answer = 'status' in body ? body : await handler.take(head, body.bytes)
      this.#answer(request, response, answer)
    } catch (error) {
      if (!(error instanceof CutOff)) this.#answer(request, response, STOPPING)
    } finally {
      this.#heldBytes -= held
    }
  }

  async #bodyOf(
    request: IncomingMessage,
    hold: (bytes: number) => void,
  ): Promise<HttpAnswer | { readonly bytes: Uint8Array }> {
    const chunks: Uint8Array[] = []
    let length = 0
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        const bytes = chunk as Uint8Array
        length += bytes.byteLength
        hold(bytes.byteLength)
        if (length > HTTP_BODY_BYTES_MAX) return TOO_LONG
        if (this.#heldBytes > this.#limits.heldBytesMax) return FULL
        chunks.push(bytes)
      }
    } catch (error) {
      throw new CutOff('the body did not come to its end', { cause: error })
    }
    return { bytes: Buffer.concat(chunks, length) }
  }

  #answer(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
    if (response.headersSent || response.destroyed) return
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(answer.text),
      ...answer.headers,
      ...(this.#isStopping ? { connection: 'close' } : {}),
    })
    response.end(request.method === 'HEAD' ? undefined : answer.text)
    if (!request.complete) drain(request)
  }
}

/**
 * Reads what a client still sends, and forgets it: a connection that is closed at once is reset,
 * and then many clients never see the answer.
 */
const drain = (request: IncomingMessage): void => {
  let left = DRAINED_BYTES_MAX
  request.on('data', (chunk: Uint8Array) => {
    left -= chunk.byteLength
    if (left < 0) request.destroy()
  })
  request.on('error', () => undefined)
  request.resume()
}

const plain = (headers: IncomingHttpHeaders): HttpHead['headers'] =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  )

const targetOf = ({
  url = '/',
}: IncomingMessage): { readonly path: string; readonly query: string } => {
  const [target = '', query = ''] = /^([^?#]*)(?:\?([^#]*))?/.exec(url)?.slice(1) ?? []
  return { path: URL.parse(target, 'http://localhost')?.pathname ?? target, query }
}

const unavailable = (host: string, port: number, error: NodeJS.ErrnoException): MillraceError =>
  new MillraceError('ADDRESS_UNAVAILABLE', {
    problem:
      error.code === 'EADDRINUSE'
        ? 'Another program listens at this address, perhaps another run'
        : `Nothing can listen at this address (${error.code ?? error.message})`,
    value: `${host}:${port}`,
    fix: 'stop the other program, or bind the source to another port',
    cause: error,
  })
