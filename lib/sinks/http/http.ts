import { MillraceError } from '../../base/errors.ts'
import type { MessageOptions, SinkDeclaration } from '../../rdd/sink-declaration.ts'
import { messageMaker } from '../messages/messages.ts'
import { checkSinkName } from '../rows/row-settings.ts'

/** The settings of an output. They are part of the plan. */
export interface HttpSettings {
  readonly url?: string
  readonly method: 'POST' | 'PUT'
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  /** Whether each message is a request of its own. */
  readonly each: boolean
}

/**
 * How a stream is sent by HTTP.
 *
 * @example const options: HttpOptions<string> = { url: 'https://example.com/hook' }
 */
export interface HttpOptions<in T> extends MessageOptions<T> {
  /** Where requests go. Default: what the name is bound to. No secrets: it is part of the plan. */
  readonly url?: string
  /** Default: `POST`. */
  readonly method?: 'POST' | 'PUT'
  /** More headers. No secrets: they are part of the plan. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Whether each element is a request of its own, with its text as the body. Default: a request has
   * up to 1,000 elements, as an array of JSON.
   */
  readonly each?: boolean
}

/** Where directories that stand in have the requests. It says the URL, if there is one. */
const placeOf = (url: string | undefined): string =>
  url === undefined ? 'requests' : encodeURIComponent(url)

/**
 * A server that is told by HTTP, for `saveTo`. Nothing needs to be installed.
 *
 * The effect is at-least-once. Each request has a header `Idempotency-Key`, which is the same when
 * the batch is tried again: a server that remembers keys makes it once. Requests of a partition are
 * sent one after the other. After 408, 425, 429, 500, 502, 503, 504, or no answer, a request is
 * sent again, up to six times and after `Retry-After` if there is one. Any other answer that is no
 * success fails the batch.
 *
 * @param name The name to bind: `--bind hook=https://localhost:8080/hook`.
 * @throws MillraceError `ARGUMENT_INVALID`. In a batch: `OUTPUT_FAILED`, `VALUE_UNSUPPORTED`.
 * @example counts.saveTo(http('hook', { url: 'https://example.com/counts' }))
 */
export const http = <T>(name: string, options: HttpOptions<T> = {}): SinkDeclaration<T> => {
  const { url, method = 'POST', headers = {}, each = false } = options
  if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'http() needs a URL of HTTP',
      value: url,
      allowed: 'https://HOST/PATH',
    })
  const settings: HttpSettings = {
    ...(url === undefined ? {} : { url }),
    method,
    contentType: each ? 'text/plain; charset=utf-8' : 'application/json',
    headers,
    each,
  }
  return Object.freeze({
    kind: 'http',
    place: `webhook://${checkSinkName('http', name)}/${placeOf(url)}`,
    shape: 'messages',
    settings,
    send: messageMaker(options),
  })
}
