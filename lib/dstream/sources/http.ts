/** Requests of HTTP as a source: the declaration, which `millrace/http-source` exports. */
import { MillraceError } from '../../base/errors.ts'
import { checkAnyFunction, checkChoice, checkSourceName } from '../checks.ts'
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
 * Settings of `httpPosts`.
 *
 * @example
 * ```ts
 * ssc.streamFrom(httpPosts('clicks', { records: 'lines' })).print()
 * ```
 */
export interface HttpPostsOptions {
  /** What is a record of a request. Default `'body'`. */
  readonly records?: HttpRecords
  /**
   * On a machine of yours: what requests must have in their header `Authorization: Bearer ...`.
   * Called when it begins to listen, so the secret may come from its environment. On AWS, a binding
   * to a secret says it. Default: every program on this machine may send.
   */
  readonly secret?: () => string
}

/** The declaration of requests. */
export interface HttpDeclaration extends SourceDeclaration {
  readonly kind: 'http'
  readonly secret?: (() => string) | undefined
}

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
  const { records = 'body', secret } = options
  checkChoice('httpPosts', 'records', records, ['body', 'lines', 'json'])
  if (secret !== undefined) checkAnyFunction('httpPosts', secret)
  const declaration: HttpDeclaration = {
    kind: 'http',
    name: checkPath(checkSourceName('httpPosts', name)),
    elements: TEXT,
    secret,
    settings: { records },
  }
  return Object.freeze({ operator: 'httpPosts', parameters: { name }, declaration })
}

const checkPath = (name: string): string => {
  if (/^[\w.~-]+$/.test(name) && !/^\.+$/.test(name)) return name
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'httpPosts() needs a name that can be a path of a URL',
    value: name,
    allowed: 'letters, digits, and - . _ ~',
    fix: "for example httpPosts('clicks')",
  })
}
