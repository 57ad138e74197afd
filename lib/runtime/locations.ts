/**
 * Locations: where data comes from and goes to, as users write it in bindings and pipelines. Pure:
 * nothing here looks at a disk or a network. Each kind of source and sink has its own locations and
 * says how they are written.
 */
import { MillraceError } from '../base/errors.ts'

/** A place that a kind of source reads, or a kind of sink writes. Plain data. */
export interface Location {
  /** The name of the kind. */
  readonly kind: string
}

/** How people write the locations of one kind. */
export interface LocationForm<L extends Location = Location> {
  /** For messages: `socket://HOST:PORT`. */
  readonly shown: string
  /** An example, for messages: `socket://localhost:9999`. */
  readonly example: string
  /** The schemes of its URIs, in lower case. The empty one stands for a plain path. */
  readonly schemes: readonly string[]
  /**
   * The location that a URI or path names. A relative path is below `cwd`, which is absolute.
   *
   * @throws MillraceError `BINDING_INVALID`.
   */
  parse(uri: string, cwd: string): L
  /** A location below another one, for the rest of a bucket's URI. Left out: there is none. */
  below?(location: L, rest: string): L
}

/** `s3://name/rest`, taken apart: a name that can be bound, and what lies below it. */
export interface NamedUri {
  readonly name: string
  readonly rest: string
}

/** Two letters at least: one letter and a colon begin a path on Windows. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i

/** The scheme of a URI, in lower case. Empty: it is a plain path. */
export const schemeOf = (uri: string): string => SCHEME.exec(uri)?.[1]?.toLowerCase() ?? ''

/**
 * The name and the rest of a URI such as `s3://results/totals`. Undefined: it is a path, or it
 * names a place of this machine (`file:///data/in`).
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

/** One of some forms by the scheme of a URI. */
export const formFor = <F extends Pick<LocationForm, 'schemes' | 'shown'>>(
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
  const form = forms.find(({ schemes }) => schemes.includes(scheme))
  if (form !== undefined) return form
  throw invalidLocation(`Locations of the kind "${scheme}:" are not known here`, uri, {
    allowed,
    fix: `use one of the forms above; for a path with a colon in it, write ./${uri}`,
  })
}
