/** Directories as locations, for sources and sinks with files. */
import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { invalidLocation, type Location, type LocationForm, schemeOf } from './locations.ts'

/** A directory on this machine. */
export interface DirectoryLocation extends Location {
  readonly kind: 'files'
  /** Absolute. */
  readonly path: string
  /**
   * The beginning of the path that nobody wrote as a pattern, whatever characters it contains: the
   * directory in which the process runs.
   */
  readonly base: string
  /** As the user wrote it, for messages. */
  readonly shown: string
}

/** How users write directories. */
export const directoryForm: LocationForm<DirectoryLocation> = Object.freeze({
  shown: 'a directory (./in, /data/in, file:///data/in)',
  example: './in',
  schemes: ['', 'file'],
  parse: (uri: string, cwd: string): DirectoryLocation => ({
    kind: 'files',
    ...(schemeOf(uri) === 'file' ? { path: fromFileUri(uri), base: '' } : pathsOf(uri, cwd)),
    shown: uri,
  }),
  below: ({ path, base, shown }: DirectoryLocation, rest: string): DirectoryLocation => ({
    kind: 'files',
    base,
    path: join(path, rest),
    shown: join(shown, rest),
  }),
})

/** Of a relative path, `.` and `..` at its beginning lead from the base to another one. */
const pathsOf = (written: string, cwd: string): Pick<DirectoryLocation, 'path' | 'base'> => {
  const [up = ''] = /^(\.{1,2}(\/+|$))*/.exec(written) ?? []
  return { path: resolve(cwd, written), base: isAbsolute(written) ? '' : resolve(cwd, up) }
}

const fromFileUri = (uri: string): string => {
  try {
    if (/^file:\/\/\//i.test(uri)) return fileURLToPath(uri)
  } catch {
    // The URI has a percent sign without two digits, or an encoded slash.
  }
  throw invalidLocation('This is not the URI of a directory', uri, {
    allowed: directoryForm.shown,
    fix: 'write three slashes before an absolute path: file:///data/in',
  })
}
