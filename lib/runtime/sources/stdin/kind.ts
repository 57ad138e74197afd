/** Reads lines of text from the standard input of this process. A receiver feeds one lane. */
import { TEXT } from '../../../dstream/sources/declaration.ts'
import type { Receiver } from '../../../ports/receiver.ts'
import type { Location, LocationForm } from '../../locations.ts'
import { lanesInput } from '../lanes/input.ts'
import { lanesReader } from '../lanes/reader.ts'
import { registerSourceKind, type SourceKind } from '../source-kind.ts'

declare module '../source-ports.ts' {
  interface SourcePorts {
    /** Reads the standard input. */
    readonly stdin?: () => Receiver
  }
}

const form: LocationForm = {
  shown: '- (the standard input)',
  example: '-',
  schemes: ['stdin'],
  exactly: ['-'],
  parse: () => ({ kind: 'stdin' }),
}

const stdin: SourceKind<Location> = {
  name: 'stdin',
  noun: 'the standard input',
  gives: [TEXT],
  form,
  isAvailable: (ports) => ports.stdin !== undefined,
  describe: () => ({ what: 'lines of the standard input' }),
  open: (_, { store, app, source, ports, held }) => {
    if (ports.stdin === undefined) throw new TypeError('there is no standard input in this world')
    return { reader: lanesReader({ store, app, source, held }), receiver: ports.stdin() }
  },
  input: lanesInput,
}

registerSourceKind(stdin)
