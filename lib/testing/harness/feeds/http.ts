import { MillraceError } from '../../../base/errors.ts'
import { type HttpLocation, POST_LANE } from '../../../runtime/sources/http/event.ts'
import '../../../runtime/sources/http/kind.ts'
import { readPost, recordsOf } from '../../../runtime/sources/http/requests.ts'
import { type Feed, registerFeed, type Waiting } from './feed.ts'

/** A request with its key. */
export interface TestPost {
  readonly body: string
  /** The header `Idempotency-Key`. Default: none. */
  readonly key?: string
}

const isPost = (value: unknown): value is TestPost =>
  typeof value === 'object' &&
  value !== null &&
  'body' in value &&
  typeof value.body === 'string' &&
  (!('key' in value) || typeof value.key === 'string')

const postOf = (element: unknown): TestPost =>
  isPost(element) ? element : { body: String(element) }

/** Bodies of requests, which are taken apart and stored as in production. */
const httpFeed: Feed = {
  takesFiles: false,
  takes: (element) => typeof element === 'string' || isPost(element),
  async deliver(waiting: readonly Waiting[], nodes): Promise<void> {
    for (const { body, key } of waiting.flatMap(({ elements }) => elements.map(postOf)))
      for (const { declared, intake } of nodes) {
        const headers = key === undefined ? {} : { 'idempotency-key': key }
        const head = { method: 'POST', headers }
        const post = await readPost(head, Buffer.from(body), recordsOf(declared))
        if ('refused' in post)
          throw new MillraceError('ARGUMENT_INVALID', {
            problem: `The source refuses a request with ${post.refused.status}`,
            value: body,
            fix: post.refused.text,
          })
        if (post.messages.length > 0) await intake.appendAtTail(POST_LANE, post.messages)
      }
  },
}

registerFeed({
  kind: 'http',
  location: (name): HttpLocation => ({ kind: 'http', name }),
  open: () => httpFeed,
})
