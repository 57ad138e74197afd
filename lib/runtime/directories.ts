/** Directories as locations, for sources and sinks with files. */
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { invalidLocation, type Location, type LocationForm, schemeOf } from './locations.ts'

/** A directory on this machine. */
export interface DirectoryLocation extends Location {
  readonly kind: 'files'
  /** Absolute. */
  readonly path: string
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
    path: schemeOf(uri) === 'file' ? fromFileUri(uri) : resolve(cwd, uri),
    shown: uri,
  }),
  below: ({ path, shown }: DirectoryLocation, rest: string): DirectoryLocation => ({
    kind: 'files',
    path: join(path, rest),
    shown: join(shown, rest),
  }),
})

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
