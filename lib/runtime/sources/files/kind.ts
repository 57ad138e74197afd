/** Reads files that appear in a directory on this machine, or a single file. */
import { WHOLE_FILES } from '../../../dstream/sources/files.ts'
import {
  ALL_FILES,
  DEFAULT_STABLE_FOR_MS,
  type FileSelection,
} from '../../../dstream/sources/file-selection.ts'
import { TEXT } from '../../../dstream/sources/declaration.ts'
import type { ObjectSource } from '../../../ports/object-source.ts'
import { directoryForm, type DirectoryLocation } from '../../directories.ts'
import { parseNamedUri, schemeOf } from '../../locations.ts'
import { registerSourceKind, type SourceKind } from '../source-kind.ts'
import type { SourcePorts } from '../source-ports.ts'
import { filesInput, filesReader } from './reader.ts'

/** How a directory is watched. */
export interface Watching {
  readonly warn: (message: string) => void
  /** How long a file must have stayed the same, in milliseconds. 0: it counts at once. */
  readonly stableForMs: number
}

declare module '../source-ports.ts' {
  interface SourcePorts {
    readonly files?: {
      /** Watches a directory. Calls `warn` with what cannot be read. */
      readonly open: (location: DirectoryLocation, watching: Watching) => ObjectSource
      /** Whether the location is a single file. Left out: it never is. */
      readonly isFile?: (location: DirectoryLocation) => boolean
      /**
       * Checks that the directory or the file exists. `name`: the name of the source.
       *
       * @throws MillraceError `DIRECTORY_MISSING`.
       */
      readonly check: (location: DirectoryLocation, name: string) => void
    }
  }
}

const portsIn = ({ files }: SourcePorts): NonNullable<SourcePorts['files']> => {
  if (files === undefined) throw new TypeError('there are no directories in this world')
  return files
}

const files: SourceKind<DirectoryLocation> = {
  name: 'files',
  noun: 'a directory',
  gives: [TEXT, WHOLE_FILES],
  form: directoryForm,
  isAvailable: (ports) => ports.files !== undefined,
  locateUnbound({ literal }, cwd) {
    const isPath = literal !== undefined && parseNamedUri(literal) === undefined
    const isDirectory = isPath && directoryForm.schemes.includes(schemeOf(literal))
    return isDirectory ? directoryForm.parse(literal, cwd) : undefined
  },
  follow: (location) => ({ ...location, kind: 'tail' }),
  describe: (location, ports) => {
    const { shown } = location
    return ports?.files?.isFile?.(location) === true
      ? { what: `the file ${shown}, once`, howToFeed: ONE_FILE }
      : { what: `files in ${shown}`, howToFeed: howToFeed(shown) }
  },
  check: (location, name, ports) => portsIn(ports).check(location, name),
  open: (location, { store, app, source, declared, ports, held, report }) => {
    const warn = (message: string): void =>
      report({ event: 'warning', code: 'OBJECT_UNREADABLE', message })
    const declaredFiles = declared.files ?? ALL_FILES
    const { stableForMs = DEFAULT_STABLE_FOR_MS } = declaredFiles
    const objects = portsIn(ports).open(location, { warn, stableForMs })
    const selection: FileSelection =
      objects.isNamed === true ? { ...declaredFiles, existing: 'all' } : declaredFiles
    return { reader: filesReader({ store, app, source, objects, selection, held, report }) }
  },
  input: filesInput,
}

registerSourceKind(files)

const ONE_FILE = 'a file is read once. To read what is written to it later, add --follow'

/** A pattern does not name a single directory. */
const howToFeed = (shown: string): string => {
  if (/[*?[{]/.test(shown)) return 'copy one to where the pattern matches'
  return `copy one in, for example: cp notes.txt ${shown.endsWith('/') ? shown : `${shown}/`}`
}
