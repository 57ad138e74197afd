/**
 * Takes requests on a port of this machine. A request is answered when its records are stored (B1),
 * and those that wait are stored together: many clients share a write.
 *
 * What waits is bounded. When the queue is full, because the driver is behind, a request gets 503
 * and its client tries again. A client that does so with a key counts once, also when the process
 * died after the append and before the answer.
 */
import { whenAborted } from '../../../base/concurrency.ts'
import type {
  HttpAddress,
  HttpAnswer,
  HttpHandler,
  HttpHead,
  HttpListener,
} from '../../../ports/http-listener.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Receiver, ReceiverSink } from '../../../ports/receiver.ts'
import { AppendQueue } from '../append-queue.ts'
import type { LaneMessage } from '../lanes/message-reader.ts'
import { accepted, busy, forbidden } from './answers.ts'
import { admit, type PostReading, readPost } from './requests.ts'

/** What a receiver of requests needs. */
export interface HttpReceiverParts {
  readonly listener: HttpListener
  readonly address: HttpAddress
  readonly reading: PostReading
  /** Undefined: none is asked for. */
  readonly secret: string | undefined
  readonly clock: Pick<Clock, 'now'>
}

/** What may wait, in bytes and in records. */
const BYTES_MAX: number = 32 * 1024 * 1024
const RECORDS_MAX = 100_000
/** What one append takes. */
const APPEND_BYTES = 4 * 1024 * 1024

type PostQueue = AppendQueue<readonly LaneMessage[]>

const queueFor = (sink: Pick<ReceiverSink, 'store'>): PostQueue =>
  new AppendQueue({
    bytesMax: BYTES_MAX,
    recordsMax: RECORDS_MAX,
    appendBytes: APPEND_BYTES,
    async store(posts) {
      const records = posts.flat()
      if (records.length > 0) await sink.store({ records, rejected: [] })
    },
  })

/** A page of any site can make a browser send a request here, and browsers say so. */
const FROM_PAGE = forbidden('requests from pages in a browser are refused (header Origin)')
const FULL = busy('the pipeline is behind: try again')

const handlerOf = (
  queue: PostQueue,
  { reading, secret, clock }: HttpReceiverParts,
): HttpHandler => ({
  admit(head: HttpHead): HttpAnswer | undefined {
    const refused = admit(head, reading, secret)
    if (refused !== undefined) return refused
    if (head.headers['origin'] !== undefined) return FROM_PAGE
    return queue.isFull ? FULL : undefined
  },
  async take(head, body): Promise<HttpAnswer> {
    const posted = await readPost({ head, body, arrivedMs: clock.now() }, reading, secret)
    if ('refused' in posted) return posted.refused
    // It has filled up while the body came.
    if (queue.isFull) return FULL
    const { messages, bytes } = posted
    await queue.add(messages, { bytes, records: messages.length })
    return accepted(messages.length)
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
      const queue = queueFor(sink)
      const listening = await listener.listen(address, handlerOf(queue, parts))
      sink.report(`${url} takes requests`)
      await whenAborted(AbortSignal.any([signal, queue.failed]))
      await listening.stop()
      queue.failed.throwIfAborted()
    },
  }
}
