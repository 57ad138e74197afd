/** Where data comes from and goes to, as users write it in bindings and pipelines. Pure: nothing here looks at a disk or a network. */
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { MillraceError } from '../base/errors.ts'

/** A place on this platform. */
export type Location =
  | {
      readonly kind: 'directory'
      /** Absolute. */
      readonly path: string
      /** As the user wrote it, for messages. */
      readonly shown: string
    }
  | { readonly kind: 'socket'; readonly host: string; readonly port: number }

/** A directory and what lies in it, with `/` between names. */
export interface OutputLocation {
  readonly directory: string
  readonly path: string
}

/** `s3://bucket/rest`, taken apart. */
export interface ObjectStoreUri {
  readonly bucket: string
  readonly rest: string
}

const ALLOWED = 'a directory (./in, /data/in, file:///data/in), or socket://HOST:PORT'
/** Two letters at least: one letter and a colon begin a path on Windows. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i

const invalid = (problem: string, value: string, fix: string): MillraceError =>
  new MillraceError('BINDING_INVALID', { problem, value, allowed: ALLOWED, fix })

/**
 * The place that a URI or path names. A relative path is below `cwd`.
 *
 * @throws MillraceError `BINDING_INVALID`.
 */
export const parseLocation = (uri: string, cwd: string): Location => {
  if (uri === '')
    throw invalid('A binding needs a place', uri, 'write NAME=URI, for example --bind lines=./in')
  const scheme = SCHEME.exec(uri)?.[1]?.toLowerCase()
  if (scheme === undefined) return { kind: 'directory', path: resolve(cwd, uri), shown: uri }
  if (scheme === 'socket') return socketOf(uri)
  if (scheme === 'file') return fileOf(uri)
  throw invalid(
    `A place of the kind ${scheme} is not known here`,
    uri,
    `use one of the forms above; for a path with a colon in it, write ./${uri}`,
  )
}

const socketOf = (uri: string): Location => {
  const [, bracketed, plain, port] =
    /^socket:\/\/(?:\[([0-9a-f:.]+)\]|([^\s/:@?#[\]]+)):(\d{1,5})$/i.exec(uri) ?? []
  const host = bracketed ?? plain
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw invalid(
      'This is no address of a socket',
      uri,
      'give a host and a port from 1 to 65535, for example socket://localhost:9999',
    )
  }
  return { kind: 'socket', host, port: Number(port) }
}

const fileOf = (uri: string): Location => {
  try {
    if (/^file:\/\/\//i.test(uri))
      return { kind: 'directory', path: fileURLToPath(uri), shown: uri }
  } catch {
    // A percent sign without two digits, or an encoded slash.
  }
  throw invalid(
    'This is no URI of a directory',
    uri,
    'three slashes before an absolute path: file:///data/in',
  )
}

/** The bucket and the rest of an `s3://` URI; undefined for anything else. */
export const parseObjectStoreUri = (uri: string): ObjectStoreUri | undefined => {
  const [, bucket, rest = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(uri) ?? []
  return bucket === undefined ? undefined : { bucket, rest }
}

/** A path that is taken as it stands: its own directory is the root, so that hidden directories above it do not matter. */
export const literalOutput = (path: string, cwd: string): OutputLocation => {
  const whole = resolve(cwd, path)
  return { directory: dirname(whole), path: basename(whole) }
}

/** A directory below another. */
export const below = (
  directory: Extract<Location, { kind: 'directory' }>,
  rest: string,
): Location => ({
  kind: 'directory',
  path: join(directory.path, rest),
  shown: join(directory.shown, rest),
})

/** How a place is called in messages. */
export const locationText = (place: Location): string =>
  place.kind === 'directory'
    ? `files in ${place.shown}`
    : `lines on socket ${place.host}:${place.port}`
