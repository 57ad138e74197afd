/** Writes files into a directory on this machine. */
import { basename, dirname, resolve } from 'node:path'
import type { Sink } from '../../../ports/sink.ts'
import { directoryForm, type DirectoryLocation } from '../../directories.ts'
import { type Location, schemeOf } from '../../locations.ts'
import { encodeWithFormat } from '../encode.ts'
import { registerSinkKind, type SinkKind, type SinkLocation } from '../sink-kind.ts'

declare module '../sink-ports.ts' {
  interface SinkPorts {
    /** Writes files below a directory. */
    readonly files?: (directory: string) => Sink<Uint8Array>
  }
}

/** A directory, and the path below it. */
export interface FilesSinkLocation extends SinkLocation {
  readonly kind: 'files'
  /** Absolute. */
  readonly directory: string
}

const isDirectory = (location: Location): location is DirectoryLocation => location.kind === 'files'

const files: SinkKind<FilesSinkLocation, Uint8Array> = {
  name: 'files',
  noun: 'a directory',
  form: directoryForm,
  isAvailable: (ports) => ports.files !== undefined,
  // The root is the parent directory of the place, so hidden directories above it do not matter.
  locateUnbound(place, cwd) {
    if (schemeOf(place) !== '') return undefined
    const whole = resolve(cwd, place)
    return { kind: 'files', directory: dirname(whole), path: basename(whole) }
  },
  locateBound(location, path) {
    if (!isDirectory(location)) throw new TypeError(`${location.kind} is not a directory`)
    return { kind: 'files', directory: location.path, path }
  },
  key: ({ directory }) => directory,
  open: ({ directory }, { files: port }) => {
    if (port === undefined) throw new TypeError('there are no directories in this world')
    return port(directory)
  },
  encode: encodeWithFormat,
}

registerSinkKind(files)
