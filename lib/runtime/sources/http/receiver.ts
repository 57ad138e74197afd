/**
 * Takes requests on a port of this machine. A request is answered when its records are stored (B1),
 * and those that wait are stored together: many clients share a write.
 *
 * What waits is bounded. When the queue is full, because the driver is behind, a request gets 503
 * and its client tries again. A client that does so with a key counts once, also when the process
 * died after the append and before the answer.
 */
import type {
  HttpAddress,
  HttpAnswer,
  HttpHandler,
  HttpHead,
  HttpListener,
} from '../../../ports/http-listener.ts'
import type { HttpRecords } from '../../../dstream/sources/http.ts'
import type { Receiver, ReceiverSink } from '../../../ports/receiver.ts'
import type { LaneMessage } from '../lanes/message-reader.ts'
import { accepted, busy, forbidden } from './answers.ts'
import { admit, readPost } from './requests.ts'

/** What a receiver of requests needs. */
export interface HttpReceiverParts {
  readonly listener: HttpListener
  readonly address: HttpAddress
  readonly records: HttpRecords
  /** Undefined: none is asked for. */
  readonly secret: string | undefined
}

/** What may wait, in bytes and in records. */
const BYTES_MAX: number = 32 * 1024 * 1024
const RECORDS_MAX = 100_000
/** What one append takes. */
const APPEND_BYTES = 4 * 1024 * 1024

interface WaitingPost {
  readonly messages: readonly LaneMessage[]
  readonly bytes: number
  readonly settle: (error?: unknown) => void
}

/** Requests that wait for their append. */
class PostQueue {
  readonly #sink: Pick<ReceiverSink, 'store'>
  readonly #failed: (error: unknown) => void
  readonly #waiting: WaitingPost[] = []
  #bytes = 0
  #records = 0
  #isStoring = false

  constructor(sink: Pick<ReceiverSink, 'store'>, failed: (error: unknown) => void) {
    this.#sink = sink
    this.#failed = failed
  }

  get isFull(): boolean {
    return this.#bytes >= BYTES_MAX || this.#records >= RECORDS_MAX
  }

  /** Resolves when the records are stored. */
  add(messages: readonly LaneMessage[], bytes: number): Promise<void> {
    this.#bytes += bytes
    this.#records += messages.length
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown): void => {
        this.#bytes -= bytes
        this.#records -= messages.length
        if (error === undefined) resolve()
        else reject(error as Error)
      }
      this.#waiting.push({ messages, bytes, settle })
      if (!this.#isStoring) void this.#storeAll()
    })
  }

  async #storeAll(): Promise<void> {
    this.#isStoring = true
    while (this.#waiting.length > 0) {
      const posts = this.#next()
      try {
        const records = posts.flatMap(({ messages }) => messages)
        if (records.length > 0) await this.#sink.store({ records, rejected: [] })
        for (const { settle } of posts) settle()
      } catch (error) {
        for (const { settle } of [...posts, ...this.#waiting.splice(0)]) settle(error)
        this.#failed(error)
      }
    }
    this.#isStoring = false
  }

  /** At least one. */
  #next(): readonly WaitingPost[] {
    let bytes = 0
    const past = this.#waiting.findIndex((post, index) => {
      bytes += post.bytes
      return index > 0 && bytes > APPEND_BYTES
    })
    return this.#waiting.splice(0, past === -1 ? this.#waiting.length : past)
  }
}

/** A page of any site can make a browser send a request here, and browsers say so. */
const FROM_PAGE = forbidden('requests from pages in a browser are refused (header Origin)')
const FULL = busy('the pipeline is behind: try again')

const handlerOf = (queue: PostQueue, { records, secret }: HttpReceiverParts): HttpHandler => ({
  admit(head: HttpHead): HttpAnswer | undefined {
    const refused = admit(head, secret)
    if (refused !== undefined) return refused
    if (head.headers['origin'] !== undefined) return FROM_PAGE
    return queue.isFull ? FULL : undefined
  },
  async take(head, body): Promise<HttpAnswer> {
    const posted = await readPost(head, body, records)
    if ('refused' in posted) return posted.refused
    // It has filled up while the body came.
    if (queue.isFull) return FULL
    await queue.add(posted.messages, posted.bytes)
    return accepted(posted.messages.length)
  },
})

/** A {@link Receiver} of requests. Nothing ends them, so a run that ends takes none. */
export const httpReceiver = (parts: HttpReceiverParts): Receiver => {
  const { listener, address } = parts
  const { host, port, path } = address
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}${path}`
  return {
    description: url,
    async run(sink, { signal, untilEnd }): Promise<void> {
      if (untilEnd)
        return sink.report(`${url} takes no requests: a run with --once ends with its input`)
      const failure = new AbortController()
      const queue = new PostQueue(sink, (error) => failure.abort(error))
      const listening = await listener.listen(address, handlerOf(queue, parts))
      sink.report(`${url} takes requests`)
      await aborted(AbortSignal.any([signal, failure.signal]))
      await listening.stop()
      failure.signal.throwIfAborted()
    },
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
