/**
 * The services of AWS in the world: the real clients of the SDK over services in memory, whose
 * answers take the time of the latency model.
 */
import { usageMeter, type UsageMeter } from '../../lib/ports/meter.ts'
import { type Clients, clientsWith } from '../aws/clients.ts'
import { Buckets, type WireAnswer, type WireRequest } from '../aws/buckets.ts'
import { Services } from '../aws/services.ts'
import { meterClients } from '../costs/sharded-app.ts'
import { drawsOf, REQUESTS_AT_ONCE, transferMs, waitOf } from './latency.ts'
import type { VirtualProcess, World } from './world.ts'

/** A message of a queue. */
export interface QueueMessage {
  readonly body: string
  readonly delayMs: number
}

interface Line {
  running: number
  readonly waiting: (() => void)[]
}

type Service = 'dynamodb' | 's3' | 'sqs'

const SEED = 14
const RESULTS = '/results/'

/** The services, and what was used of them. */
export class VirtualServices {
  readonly clients: Clients
  readonly draw = drawsOf(SEED)
  /** Usage by the role of the process. */
  readonly #meters = new Map<string, UsageMeter>()
  /** The requests of each process and service: no more than its sockets at once. */
  readonly #lines = new WeakMap<VirtualProcess, Map<Service, Line>>()
  readonly #requests = new Map<string, number>()
  readonly #world: World
  readonly #services = new Services()
  readonly #onMessage: (message: QueueMessage) => void
  /** The files of results, by their paths. */
  readonly results = new Map<string, string>()
  /** True: answers come at once, and nothing is counted. For looks from outside. */
  isObserved = false

  constructor(world: World, onMessage: (message: QueueMessage) => void) {
    this.#world = world
    this.#onMessage = onMessage
    this.clients = clientsWith(
      (request) => this.#answer(request),
      () => this.#world.now(),
    )
    meterClients(this.clients, {
      add: (kind, amount) => {
        if (!this.isObserved) this.meterOf(this.#world.process?.role ?? 'nobody').add(kind, amount)
      },
    })
  }

  /** The bytes of all objects in buckets. */
  get storedBytes(): number {
    return this.#services.storedBytes
  }

  /** What processes of a role have used. */
  meterOf(role: string): UsageMeter {
    const meter = this.#meters.get(role) ?? usageMeter()
    this.#meters.set(role, meter)
    return meter
  }

  async #answer(request: WireRequest): Promise<WireAnswer> {
    if (this.isObserved) return this.#served(request)
    const { process } = this.#world
    if (process === undefined) throw new Error(`a request outside of a step: ${request.path}`)
    const [service, action] = actionOf(request)
    this.#count(process, service)
    await this.#socket(process, service)
    const { promise, resolve } = Promise.withResolvers<WireAnswer>()
    const sentMs = this.#world.exactNow()
    const waitMs = this.draw(waitOf(service, action)) + transferMs(service, request.body.byteLength)
    // The service acts in the middle of the wait. What it computes is not of the process.
    this.#world.at(sentMs + waitMs / 2, () => {
      const answer = this.#served(request)
      const bytes = typeof answer.body === 'string' ? 0 : (answer.body?.byteLength ?? 0)
      const atMs = sentMs + waitMs + transferMs(service, bytes)
      this.#world.at(atMs, () => resolve(answer), process)
      this.#world.at(atMs, () => this.#leave(process, service))
    })
    return promise
  }

  #served(request: WireRequest): WireAnswer {
    if (request.method === 'PUT' && request.path.startsWith(RESULTS))
      this.results.set(request.path, Buffer.from(request.body).toString())
    for (const message of messagesIn(request)) this.#onMessage(message)
    const answer = this.#services.answer(request, 0)
    this.#services.takeCalls()
    return answer
  }

  #count({ role }: VirtualProcess, service: Service): void {
    const name = `${role} ${service}`
    this.#requests.set(name, (this.#requests.get(name) ?? 0) + 1)
  }

  /** Requests by role and service since this was called last: `intake dynamodb`. */
  takeRequests(): ReadonlyMap<string, number> {
    const taken = new Map(this.#requests)
    this.#requests.clear()
    return taken
  }

  #line(process: VirtualProcess, service: Service): Line {
    const lines = this.#lines.get(process) ?? new Map<Service, Line>()
    this.#lines.set(process, lines)
    const line = lines.get(service) ?? { running: 0, waiting: [] }
    lines.set(service, line)
    return line
  }

  async #socket(process: VirtualProcess, service: Service): Promise<void> {
    const line = this.#line(process, service)
    if (line.running < REQUESTS_AT_ONCE) {
      line.running += 1
      return
    }
    await new Promise<void>((resolve) => {
      line.waiting.push(() => this.#world.at(this.#world.now(), resolve, process))
    })
  }

  #leave(process: VirtualProcess, service: Service): void {
    const line = this.#line(process, service)
    const next = line.waiting.shift()
    if (next === undefined) line.running -= 1
    else next()
  }
}

const actionOf = (request: WireRequest): readonly [Service, string] => {
  const target = request.headers['x-amz-target']
  if (target === undefined) return ['s3', Buckets.actionOf(request)]
  const [service = '', action = ''] = target.split('.')
  return [service === 'AmazonSQS' ? 'sqs' : 'dynamodb', action]
}

const messagesIn = ({ headers, body }: WireRequest): readonly QueueMessage[] => {
  if (headers['x-amz-target']?.startsWith('AmazonSQS') !== true) return []
  const { Entries = [] } = JSON.parse(Buffer.from(body).toString()) as {
    readonly Entries?: readonly { readonly MessageBody: string; readonly DelaySeconds?: number }[]
  }
  return Entries.map(({ MessageBody, DelaySeconds = 0 }) => ({
    body: MessageBody,
    delayMs: DelaySeconds * 1_000,
  }))
}
