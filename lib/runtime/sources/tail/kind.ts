/** Reads the lines of files while they grow, as `tail -F` does. A receiver feeds one lane. */
import { TEXT } from '../../../dstream/sources/declaration.ts'
import type { Receiver } from '../../../ports/receiver.ts'
import type { DirectoryLocation } from '../../directories.ts'
import type { Location } from '../../locations.ts'
import { lanesInput } from '../lanes/input.ts'
import { lanesReader } from '../lanes/reader.ts'
import { registerSourceKind, type SourceKind } from '../source-kind.ts'
import type { SourcePorts } from '../source-ports.ts'

/** A file, or a pattern of files. */
export interface TailLocation extends Location, Omit<DirectoryLocation, 'kind'> {
  readonly kind: 'tail'
}

declare module '../source-ports.ts' {
  interface SourcePorts {
    readonly tail?: {
      /** Follows a file, or the files that match. */
      readonly open: (location: TailLocation) => Receiver
      /**
       * Checks that the location can be followed. `name`: the name of the source.
       *
       * @throws MillraceError `BINDING_UNFIT` for a directory. `DIRECTORY_MISSING`.
       */
      readonly check: (location: TailLocation, name: string) => void
    }
  }
}

const portsIn = ({ tail }: SourcePorts): NonNullable<SourcePorts['tail']> => {
  if (tail === undefined) throw new TypeError('there are no files to follow in this world')
  return tail
}

const tail: SourceKind<TailLocation> = {
  name: 'tail',
  noun: 'a file that grows',
  gives: [TEXT],
  isAvailable: (ports) => ports.tail !== undefined,
  describe: ({ shown }) => ({
    what: `lines of ${shown}, also those written later`,
    howToFeed: `append a line to ${shown}`,
  }),
  check: (location, name, ports) => portsIn(ports).check(location, name),
  open: (location, { store, app, source, ports, held }) => ({
    reader: lanesReader({ store, app, source, held }),
    receiver: portsIn(ports).open(location),
  }),
  input: lanesInput,
}

registerSourceKind(tail)
