/** Requests of HTTP as a source: the declaration, which `millrace/http-source` exports. */
import { MillraceError } from '../../base/errors.ts'
import type { AnyValue } from '../../rdd/pair-types.ts'
import { checkAnyFunction, checkChoice, checkFunction, checkSourceName } from '../checks.ts'
import type { Parameter } from '../parameter.ts'
import { type SourceDeclaration, TEXT } from './declaration.ts'
import type { StreamSource } from './stream-source.ts'

/**
 * What is a record of a request. `'body'`: the whole body. `'lines'`: each line. `'json'`: each
 * element of an array of JSON, as a text of JSON.
 *
 * @example const records: HttpRecords = 'lines'
 */
export type HttpRecords = 'body' | 'lines' | 'json'

/**
 * A request, as `httpRequests` gives it and `verify` sees it.
 *
 * @example const eventOf = ({ headers }: HttpRequest): string => headers['x-github-event'] ?? ''
 */
export interface HttpRequest {
  /** The body, decompressed. Signatures cover these bytes. */
  readonly body: Uint8Array
  /**
   * By their names in lower case. A header that came several times has its values with commas
   * between them. An element has those that the option `headers` names, as far as they came;
   * `verify` sees all.
   */
  readonly headers: Readonly<Record<string, string>>
  /** What follows the question mark of the URL, as it was sent. Empty: nothing. */
  readonly query: string
  /** When the request came. */
  readonly arrivalTime: Date
}

/**
 * Settings of requests, whatever they bring.
 *
 * @example
 * ```ts
 * const options: HttpSourceOptions = { secret: () => process.env['HOOK_SECRET'] ?? '' }
 * ```
 */
export interface HttpSourceOptions {
  /**
   * On a machine of yours: what requests must have in their header `Authorization: Bearer ...`, or
   * what `verify` gets. Called when it begins to listen, so the secret may come from its
   * environment. On AWS, a binding to a secret says it. Default: every program on this machine may
   * send.
   */
  readonly secret?: () => string
  /**
   * Whether a request is accepted, for example because of its signature. It is called with each
   * whole request before anything of it is stored, and gets the secret if there is one. If it
   * returns anything but true, or throws, the request is answered with 401. With it, no header
   * `Authorization` is asked for, and a machine of yours may listen on any address. It does not run
   * in tests. Default: the secret must be in that header.
   */
  readonly verify?: (request: HttpRequest, secret: string | undefined) => boolean | Promise<boolean>
  /**
   * The header with the key of a request. Requests with one key count once, within 30 days.
   * Senders of webhooks have names of their own for it, such as `webhook-id`. Default
   * `Idempotency-Key`.
   */
  readonly keyHeader?: string
}

/**
 * Settings of `httpPosts`.
 *
 * @example
 * ```ts
 * ssc.streamFrom(httpPosts('clicks', { records: 'lines' })).print()
 * ```
 */
export interface HttpPostsOptions extends HttpSourceOptions {
  /** What is a record of a request. Default `'body'`. */
  readonly records?: HttpRecords
}

/**
 * Settings of `httpRequests`.
 *
 * @example
 * ```ts
 * const options: HttpRequestsOptions = { headers: ['x-github-event'], keyHeader: 'webhook-id' }
 * ```
 */
export interface HttpRequestsOptions extends HttpSourceOptions {
  /**
   * The headers that an element keeps. They are stored with it, so `authorization` is refused.
   * Default: none.
   */
  readonly headers?: readonly string[]
}

/**
 * The same, with a function that makes elements.
 *
 * @example
 * ```ts
 * ssc.streamFrom(httpRequests('hooks', { decode: ({ body, query }) => [query, body.length] }))
 * ```
 */
export interface HttpDecodeOptions<T> extends HttpRequestsOptions {
  /**
   * Makes an element from a request. It must return the same for the same request. A request for
   * which it throws becomes a dead letter.
   */
  readonly decode: (request: HttpRequest) => T
}

/** The declaration of requests. */
export interface HttpDeclaration extends SourceDeclaration {
  readonly kind: 'http'
  readonly secret?: HttpSourceOptions['secret']
  readonly verify?: HttpSourceOptions['verify']
}

/** Elements that are {@link HttpRequest}s. Only an address gives them. */
export const HTTP_REQUESTS = 'HTTP requests'

/** The header with the key of a request, if there is no other. */
export const IDEMPOTENCY_KEY_HEADER = 'idempotency-key'

/**
 * The bodies of POST requests as text. A request is answered with 202 when its records are stored,
 * and not before. One that is repeated with the same header `Idempotency-Key` counts once.
 *
 * On a machine of yours the name is bound to an address, or to another source of text:
 * `--bind clicks=http://127.0.0.1:8080/clicks`, `--bind clicks=./in`. On AWS it is the path `/NAME`
 * of a URL of the application, which asks for signed requests, or for a secret if the name is bound
 * to one.
 *
 * @param name A name to bind, and the path of the URL.
 * @throws MillraceError `ARGUMENT_INVALID` when the name is no path, or an option is not allowed.
 * @example ssc.streamFrom(httpPosts('clicks')).print()
 */
export const httpPosts = (name: string, options: HttpPostsOptions = {}): StreamSource<string> => {
  const { records = 'body' } = options
  checkChoice('httpPosts', 'records', records, ['body', 'lines', 'json'])
  return requestsSource('httpPosts', name, TEXT, options, { records })
}

/**
 * POST requests with their bytes, some of their headers and their query, or the elements that
 * `decode` makes from them: webhooks, for example. Everything else is as with `httpPosts`, but only
 * an address stands for the name on a machine of yours.
 *
 * @param name A name to bind, and the path of the URL.
 * @throws MillraceError `ARGUMENT_INVALID` when the name is no path, or an option is not allowed.
 * @example
 * ```ts
 * ssc
 *   .streamFrom(httpRequests('github', { headers: ['x-github-event'] }))
 *   .map(({ headers, body }) => [headers['x-github-event'], body.length])
 *   .print()
 * ```
 */
export function httpRequests<T extends AnyValue>(
  name: string,
  options: HttpDecodeOptions<T>,
): StreamSource<T>
export function httpRequests(name: string, options?: HttpRequestsOptions): StreamSource<HttpRequest>
export function httpRequests<T>(
  name: string,
  options: HttpRequestsOptions & Partial<HttpDecodeOptions<T>> = {},
): StreamSource<T> {
  const { headers = [], decode } = options
  if (decode !== undefined) checkFunction('httpRequests', decode)
  const kept = headers.map((header) => checkHeader('httpRequests', header))
  return {
    ...requestsSource<T>('httpRequests', name, HTTP_REQUESTS, options, { headers: kept.join(',') }),
    ...(decode === undefined ? {} : { decode }),
  }
}

/** Only the name is part of the plan hash: the rest does not affect what is stored already. */
const requestsSource = <T>(
  operator: string,
  given: string,
  elements: string,
  { secret, verify, keyHeader }: HttpSourceOptions,
  settings: Readonly<Record<string, Parameter>>,
): StreamSource<T> => {
  const name = checkPath(operator, checkSourceName(operator, given))
  for (const f of [secret, verify]) if (f !== undefined) checkAnyFunction(operator, f)
  const declaration: HttpDeclaration = {
    kind: 'http',
    name,
    elements,
    secret,
    verify,
    settings: {
      ...settings,
      ...(keyHeader === undefined ? {} : { keyHeader: checkHeader(operator, keyHeader) }),
    },
  }
  return Object.freeze({ operator, parameters: { name }, declaration })
}

/** In lower case. */
const checkHeader = (operator: string, given: string): string => {
  const header = String(given).toLowerCase()
  if (/^[!#$%&'*+.^`|~\w-]+$/.test(header) && header !== 'authorization') return header
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operator}() cannot keep this header`,
    value: given,
    allowed: 'the name of a header, besides authorization: what is kept can be read by others',
    fix: "for example { headers: ['x-github-event'] }",
  })
}

const checkPath = (operator: string, name: string): string => {
  if (/^[\w.~-]+$/.test(name) && !/^\.+$/.test(name)) return name
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operator}() needs a name that can be a path of a URL`,
    value: name,
    allowed: 'letters, digits, and - . _ ~',
    fix: `for example ${operator}('clicks')`,
  })
}
