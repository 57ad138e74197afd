/**
 * Locations: where data comes from and goes to, as users write it in bindings and pipelines. Pure:
 * no disk or network is read here. Each kind of source and sink has its own locations, and says how
 * users write them.
 */
import { MillraceError } from '../base/errors.ts'

/** What a kind of source reads, or a kind of sink writes. Plain data. */
export interface Location {
  /** The name of the kind. */
  readonly kind: string
}

/** A location as a deployment has stored it. Its kind knows the other properties. */
export interface StoredLocation extends Location {
  readonly [name: string]: unknown
}

/** Whether a stored value names a kind. */
export const isStoredLocation = (value: unknown): value is StoredLocation =>
  typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string'

/** How users write the locations of one kind. */
export interface LocationForm<L extends Location = Location> {
  /** For messages: `socket://HOST:PORT`. */
  readonly shown: string
  /** An example, for messages: `socket://localhost:9999`. */
  readonly example: string
  /** The schemes of its URIs, in lower case. The empty one stands for a plain path. */
  readonly schemes: readonly string[]
  /** Texts that name a location of this form, although they look like a path. */
  readonly exactly?: readonly string[]
  /**
   * The location that a URI or path names. A relative path is below `cwd`, which is absolute.
   *
   * @throws MillraceError `BINDING_INVALID`.
   */
  parse(uri: string, cwd: string): L
  /** A location below another one, for the rest of the URI of a bucket. Left out: not possible. */
  below?(location: L, rest: string): L
}

/** The parts of `s3://name/rest`: a name that can be bound, and the path below it. */
export interface NamedUri {
  readonly name: string
  readonly rest: string
}

/** At least two letters: one letter and a colon start a path on Windows. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i

/** The scheme of a URI, in lower case. Empty: the URI is a plain path. */
export const schemeOf = (uri: string): string => SCHEME.exec(uri)?.[1]?.toLowerCase() ?? ''

/**
 * The name and the rest of a URI such as `s3://results/totals`. Undefined: the URI is a path, or
 * names a location on this machine (`file:///data/in`).
 */
export const parseNamedUri = (uri: string): NamedUri | undefined => {
  const [, name, rest = ''] = /^[a-z][a-z0-9+.-]+:\/\/([^/]+)(?:\/(.*))?$/is.exec(uri) ?? []
  return name === undefined ? undefined : { name, rest }
}

/** The error for a location that cannot be used. */
export const invalidLocation = (
  problem: string,
  value: string,
  { allowed, fix }: { readonly allowed: string; readonly fix: string },
): MillraceError => new MillraceError('BINDING_INVALID', { problem, value, allowed, fix })

/**
 * The form for the scheme of a URI.
 *
 * @throws MillraceError `BINDING_INVALID` when no form has the scheme.
 */
export const formFor = <F extends Pick<LocationForm, 'schemes' | 'shown' | 'exactly'>>(
  uri: string,
  forms: readonly F[],
): F => {
  const allowed = forms.map(({ shown }) => shown).join(', or ')
  if (uri === '')
    throw invalidLocation('A binding needs a location', uri, {
      allowed,
      fix: 'write NAME=URI, for example --bind lines=./in',
    })
  const scheme = schemeOf(uri)
  const form =
    forms.find(({ exactly }) => exactly?.includes(uri)) ??
    forms.find(({ schemes }) => schemes.includes(scheme))
  if (form !== undefined) return form
  throw invalidLocation(`Locations of the kind "${scheme}:" are not known here`, uri, {
    allowed,
    fix: `use one of the forms above. For a path with a colon, write ./${uri}`,
  })
}

/**
 * Checks that a URI names a location of some form. A source and an output may have locations of one
 * scheme, each in its own form: `dynamodb://orders` and `dynamodb:totals`.
 *
 * @throws MillraceError `BINDING_INVALID` when it names none.
 */
export const checkLocation = (uri: string, forms: readonly LocationForm[], cwd: string): void => {
  const form = formFor(uri, forms)
  const scheme = schemeOf(uri)
  const others = forms.filter((one) => one !== form && one.schemes.includes(scheme))
  let refused: unknown
  for (const one of [form, ...others])
    try {
      one.parse(uri, cwd)
      return
    } catch (error) {
      refused ??= error
    }
  throw refused
}

/** A name may contain colons and dots, as in `localhost:9999`, but no equals sign. */
export const parseBinding = (text: string): [name: string, uri: string] => {
  const [, name, uri] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name !== undefined && uri !== undefined) return [name, uri]
  throw new MillraceError('BINDING_INVALID', {
    problem: 'A binding is not of the form NAME=URI',
    value: text,
    allowed: 'NAME=URI',
    fix: 'for example --bind lines=./in, or --bind lines=socket://localhost:9999',
  })
}
