/** What this machine offers: a store in a directory, directories, sockets, and the terminal. */
import { statSync } from 'node:fs'
import { parseDirectoryPattern } from '../lib/adapters/directory-pattern.ts'
import { localDirectories } from '../lib/adapters/local/local-directories.ts'
import { localFiles } from '../lib/adapters/local/local-files.ts'
import { socketReceiver } from '../lib/adapters/local/socket-receiver.ts'
import { systemClock } from '../lib/adapters/local/system-clock.ts'
import { systemRandomness } from '../lib/adapters/local/system-randomness.ts'
import { printSink } from '../lib/adapters/print-sink.ts'
import { MillraceError } from '../lib/base/errors.ts'
import type { ItemStore } from '../lib/ports/item-store.ts'
import type { WorldPorts } from '../lib/runtime/compose.ts'
import type { SinkPorts } from '../lib/runtime/sinks/sink-ports.ts'
import type { SourcePorts } from '../lib/runtime/sources/source-ports.ts'

/** What sources can read on this machine. */
export const localSources: SourcePorts = {
  files: {
    open: ({ path }, warn) => localDirectories({ path, warn }),
    check({ path, shown }, name) {
      if (isDirectory(parseDirectoryPattern(path).base)) return
      throw new MillraceError('DIRECTORY_MISSING', {
        problem: `The directory to watch for "${name}" is not there, or is no directory`,
        value: shown,
        allowed: 'a directory',
        fix: `create it, or give another one: --bind ${name}=./directory`,
      })
    },
  },
  socket: ({ host, port }) => socketReceiver({ host, port }),
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** What outputs can write on this machine. */
export const localSinks = (print: (text: string) => void): SinkPorts => ({
  files: (root) => localFiles({ root }),
  print: printSink({ print }),
})

/** All of it, on a store. */
export const localPorts = (store: ItemStore, print: (text: string) => void): WorldPorts => ({
  store,
  clock: systemClock(),
  randomness: systemRandomness(),
  sources: localSources,
  sinks: localSinks(print),
})
