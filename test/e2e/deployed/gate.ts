/**
 * A gate between functions and the endpoint that they use as AWS. It sees each call, and can stop
 * one at an exact moment.
 *
 *   function --- call ---> | before | ---> endpoint
 *   function <-- answer -- | after  | <--- endpoint
 *
 * - Held before: the endpoint gets the call only when it is released.
 * - Held after: the call has taken effect, but the function does not know it yet.
 *
 * It also stands for TLS: calls leave it like those of a proxy that terminates TLS, so policies
 * that require TLS are enforced and still satisfied.
 */
import { once } from 'node:events'
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

/** One call of an API. */
export interface Call {
  /**
   * The name of the operation, for example `PutItem`; the HTTP method where the protocol has no
   * names, as for S3.
   */
  readonly action: string
  readonly path: string
  readonly body: Buffer
}

/** Picks calls. */
export type Matcher = (call: Call) => boolean

/** A call that is held, or will be. */
export interface Held {
  /** Resolves when the call is at the gate. */
  readonly arrived: Promise<Call>
  /** Releases the call. */
  readonly letGo: () => void
  /** Cuts the connection. Held before, the call never happens; held after, its answer is lost. */
  readonly drop: () => void
}

interface Trap {
  readonly matches: Matcher
  readonly when: 'before' | 'after'
  readonly spring: (call: Call) => Promise<'go' | 'drop'>
}

/** The answer to a call. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['rawHeaders']
  readonly body: Buffer
}

/** Is told of calls. */
export interface Listener {
  /** Called when a call is at the gate. */
  readonly asked?: (call: Call) => void
  /** Called with its answer, before the caller has it. */
  readonly answered?: (call: Call, answer: Answer) => void
}

const UNAVAILABLE = 503

/** A way to the endpoint, with an address of its own. */
export class Gate {
  readonly endpoint: string
  readonly #server: Server
  readonly #target: URL
  readonly #agent = new Agent({ keepAlive: true })
  readonly #traps = new Set<Trap>()
  readonly #refused = new Set<Matcher>()
  readonly #counted = new Map<Matcher, number>()
  readonly #listeners = new Map<Matcher, Listener>()
  #open: Promise<void> = Promise.resolve()

  private constructor(server: Server, target: string) {
    this.#server = server
    this.#target = new URL(target)
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on(
      'request',
      (incoming, outgoing) => void this.#pass(incoming, outgoing).catch(() => outgoing.destroy()),
    )
  }

  /** Opens a gate to an endpoint, on a free port. */
  static async to(target: string): Promise<Gate> {
    const server = createServer({ keepAliveTimeout: 60_000 }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Gate(server, target)
  }

  /** Holds the next call that matches. */
  hold(matches: Matcher, when: 'before' | 'after'): Held {
    const arrived = Promise.withResolvers<Call>()
    const decided = Promise.withResolvers<'go' | 'drop'>()
    const trap: Trap = {
      matches,
      when,
      spring: (call) => {
        this.#traps.delete(trap)
        arrived.resolve(call)
        return decided.promise
      },
    }
    this.#traps.add(trap)
    return {
      arrived: arrived.promise,
      letGo: () => decided.resolve('go'),
      drop: () => decided.resolve('drop'),
    }
  }

  /** Answers matching calls with "unavailable" until the returned function is called. */
  refuse(matches: Matcher): () => void {
    this.#refused.add(matches)
    return () => void this.#refused.delete(matches)
  }

  /** Holds every call until the returned function is called. */
  close(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#open = promise
    return resolve
  }

  /** Counts matching calls from now on. */
  count(matches: Matcher): () => number {
    this.#counted.set(matches, 0)
    return () => this.#counted.get(matches) ?? 0
  }

  /** Tells of matching calls from now on. */
  hear(matches: Matcher, listener: Listener): void {
    this.#listeners.set(matches, listener)
  }

  /** Closes the gate. */
  remove(): void {
    this.#server.closeAllConnections()
    this.#server.close()
    this.#agent.destroy()
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const call = await callOf(incoming)
    await this.#open
    // The caller may have ended while its call waited.
    if (incoming.socket.destroyed) return
    for (const [matches, count] of this.#counted)
      if (matches(call)) this.#counted.set(matches, count + 1)
    const listeners = [...this.#listeners].flatMap(([matches, one]) => (matches(call) ? [one] : []))
    for (const { asked } of listeners) asked?.(call)
    if ([...this.#refused].some((matches) => matches(call)))
      return void outgoing.writeHead(UNAVAILABLE).end()
    if ((await this.#stop(call, 'before')) === 'drop') return void outgoing.destroy()
    const answer = await this.#forward(incoming, call)
    for (const { answered } of listeners) answered?.(call, answer)
    if ((await this.#stop(call, 'after')) === 'drop') return void outgoing.destroy()
    outgoing.writeHead(answer.status, answer.headers).end(answer.body)
  }

  async #stop(call: Call, when: Trap['when']): Promise<'go' | 'drop'> {
    const trap = [...this.#traps].find((one) => one.when === when && one.matches(call))
    return trap === undefined ? 'go' : trap.spring(call)
  }

  async #forward({ method, headers }: IncomingMessage, { path, body }: Call): Promise<Answer> {
    const forward = request({
      host: this.#target.hostname,
      port: this.#target.port,
      agent: this.#agent,
      method,
      path,
      headers: { ...headers, 'x-forwarded-proto': 'https' },
    })
    forward.end(body)
    const [answer] = (await once(forward, 'response')) as [IncomingMessage]
    return {
      status: answer.statusCode ?? UNAVAILABLE,
      headers: answer.rawHeaders,
      body: await bytesOf(answer),
    }
  }
}

const bytesOf = async (message: IncomingMessage): Promise<Buffer> =>
  Buffer.concat(await message.toArray())

const callOf = async (incoming: IncomingMessage): Promise<Call> => {
  const { method = '', url = '/', headers } = incoming
  const target = headers['x-amz-target']
  const action = typeof target === 'string' ? target.slice(target.lastIndexOf('.') + 1) : method
  return { action, path: url, body: await bytesOf(incoming) }
}
