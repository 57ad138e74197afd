/** Makes up lines of text, so that a pipeline can be tried without data. */
import { TEXT } from '../../../dstream/sources/declaration.ts'
import type { Receiver } from '../../../ports/receiver.ts'
import type { Location, LocationForm } from '../../locations.ts'
import { lanesInput } from '../lanes/input.ts'
import { lanesReader } from '../lanes/reader.ts'
import { registerSourceKind, type SourceKind } from '../source-kind.ts'

declare module '../source-ports.ts' {
  interface SourcePorts {
    /** Makes up lines. */
    readonly demo?: () => Receiver
  }
}

const form: LocationForm = {
  shown: 'demo: (made-up lines)',
  example: 'demo:',
  schemes: ['demo'],
  parse: () => ({ kind: 'demo' }),
}

const demo: SourceKind<Location> = {
  name: 'demo',
  noun: 'made-up lines',
  gives: [TEXT],
  form,
  isAvailable: (ports) => ports.demo !== undefined,
  describe: () => ({ what: 'made-up lines' }),
  open: (_, { store, app, source, ports, held }) => {
    if (ports.demo === undefined) throw new TypeError('there are no made-up lines in this world')
    return { reader: lanesReader({ store, app, source, held }), receiver: ports.demo() }
  },
  input: lanesInput,
}

registerSourceKind(demo)
