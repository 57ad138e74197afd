/**
 * Kinds that are reached by a URL with a password. A binding of a laptop says the URL. A deployment
 * says the name or the ARN of a secret, which is read when a sink is opened.
 */
import { MillraceError } from '../../base/errors.ts'
import { loadPackage } from '../../base/load-package.ts'
import type { Connections } from '../../ports/connections.ts'
import type { Sink } from '../../ports/sink.ts'
import { invalidLocation, type Location, type LocationForm } from '../../runtime/locations.ts'
import { type ConnectedKind, registerConnectedKind } from './connected-kind.ts'

/** By its URL, or by the name or ARN of the secret that holds it. */
interface SecretLocation extends Location {
  readonly url?: string
  readonly secret?: string
}

/** The fields of a secret that is JSON. Any may be missing. */
export type SecretFields = Readonly<Record<string, unknown>>

/** What such a kind says of itself. */
export interface SecretKind<C> extends Pick<
  ConnectedKind<SecretLocation, C>,
  'name' | 'noun' | 'takes' | 'encode'
> {
  readonly form: Pick<LocationForm, 'shown' | 'example' | 'schemes'>
  /** Makes a URL of the fields of a secret. Undefined: they do not say enough. */
  urlOf(fields: SecretFields): string | undefined
  /**
   * The part of a server that a URL means, however it is spelled, and without a log-in: a database.
   */
  placeAt(url: URL): string
  /** For messages: the fields that `urlOf` takes. */
  readonly fields: string
  connect(url: string, connections: Connections): Promise<Sink<C>>
}

/** Registers such a kind. */
export const registerSecretKind = <C>(kind: SecretKind<C>): void => {
  const { name, noun, takes, form } = kind
  registerConnectedKind<SecretLocation, C>({
    name,
    noun,
    takes,
    form: {
      ...form,
      parse(uri) {
        if (URL.canParse(uri) && new URL(uri).hostname !== '') return { kind: name, url: uri }
        // The text may have a password.
        throw invalidLocation(`This is not the location of ${noun}`, `${name}://...`, {
          allowed: form.shown,
          fix: 'encode characters of a password that a URI does not allow: %40 for @',
        })
      },
    },
    stored: {
      form: `{ "kind": "${name}", "secret": "name or ARN" }`,
      parse: ({ secret }) =>
        typeof secret === 'string' && secret !== '' ? { kind: name, secret } : undefined,
    },
    key: ({ url, secret }) => url ?? secret ?? '',
    target: ({ url, secret = '', path }) =>
      `${name}:/${url === undefined ? secret : kind.placeAt(new URL(url))}/${path}`,
    async connect({ url, secret = '' }, connections) {
      return kind.connect(url ?? secretUrl(kind, await textOf(secret), secret), connections)
    },
    encode: (elements, target) => kind.encode(elements, target),
  })
}

const textOf = async (secret: string): Promise<string> => {
  const { readSecret } = await loadPackage('AWS', () => import('../../adapters/aws/secret.ts'))
  return readSecret(secret)
}

const fieldsOf = (text: string): SecretFields => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as SecretFields) : {}
  } catch {
    return {}
  }
}

/**
 * The URL that a secret holds: the text itself, its field `url`, or one made of its other fields.
 *
 * @throws MillraceError `OUTPUT_FAILED`, without the text.
 */
export const secretUrl = (
  { noun, form, fields, urlOf }: Pick<SecretKind<unknown>, 'noun' | 'form' | 'fields' | 'urlOf'>,
  text: string,
  secret: string,
): string => {
  const isUrl = (value: unknown): value is string =>
    typeof value === 'string' &&
    URL.canParse(value) &&
    form.schemes.includes(new URL(value).protocol.slice(0, -1))
  const given = text.trim()
  if (isUrl(given)) return given
  const found = fieldsOf(text)
  const url = found['url'] ?? urlOf(found)
  if (isUrl(url)) return url
  throw new MillraceError('OUTPUT_FAILED', {
    problem: `A secret has no URL of ${noun}`,
    value: secret,
    allowed: `${form.shown}, or JSON with the field url, or with ${fields}`,
    fix: 'put the URL into the secret: aws secretsmanager put-secret-value',
  })
}

/**
 * The part `USER:PASSWORD@HOST:PORT` of a URL. Undefined: there is no host, or a field has a form
 * that is not expected.
 */
export const serverOf = (
  { username = '', password = '', host, port }: SecretFields,
  portElse: number,
): string | undefined => {
  if (![username, password, host].every((value) => typeof value === 'string')) return undefined
  if (host === '') return undefined
  const login = [username, password].map((value) => encodeURIComponent(String(value))).join(':')
  const name = String(host).includes(':') ? `[${String(host)}]` : String(host)
  return `${login === ':' ? '' : `${login}@`}${name}:${String(port ?? portElse)}`
}
