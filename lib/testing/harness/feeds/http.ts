import { MillraceError } from '../../../base/errors.ts'
import { type HttpLocation, POST_LANE } from '../../../runtime/sources/http/event.ts'
import '../../../runtime/sources/http/kind.ts'
import {
  type HttpPost,
  type PostReading,
  readingOf,
  readPost,
} from '../../../runtime/sources/http/requests.ts'
import { type Feed, registerFeed, type Waiting } from './feed.ts'

/** A request with its key, its headers and its query. */
export interface TestPost {
  readonly body: string | Uint8Array
  /** The header with the key. Default: none. */
  readonly key?: string
  /** By their names in lower case. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: string
}

const isPost = (value: unknown): value is TestPost =>
  typeof value === 'object' &&
  value !== null &&
  'body' in value &&
  (typeof value.body === 'string' || value.body instanceof Uint8Array) &&
  (!('key' in value) || typeof value.key === 'string')

const postOf = (element: unknown): TestPost =>
  isPost(element) ? element : { body: String(element) }

/** What the source takes. Nothing is verified: a test says what has come. */
const postWith = (
  { body, key, headers, query = '' }: TestPost,
  { keyHeader }: PostReading,
  arrivedMs: number,
): HttpPost => {
  const withKey = { ...headers, ...(key === undefined ? {} : { [keyHeader]: key }) }
  return { head: { method: 'POST', headers: withKey, query }, body: Buffer.from(body), arrivedMs }
}

/** Bodies of requests, which are taken apart and stored as in production. */
const httpFeed: Feed = {
  takesFiles: false,
  takes: (element) => typeof element === 'string' || isPost(element),
  async deliver(waiting: readonly Waiting[], nodes): Promise<void> {
    const all = waiting.flatMap(({ elements, arrivedMs }) =>
      elements.map((element) => ({ given: postOf(element), arrivedMs })),
    )
    for (const { given, arrivedMs } of all)
      for (const { declared, intake } of nodes) {
        const reading = { ...readingOf(declared), verify: undefined }
        const post = await readPost(postWith(given, reading, arrivedMs), reading, undefined)
        if ('refused' in post)
          throw new MillraceError('ARGUMENT_INVALID', {
            problem: `The source refuses a request with ${post.refused.status}`,
            value: given.body,
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
