/** The output of `print`: text on a terminal or in a log, at least once. */
import type { Sink } from '../../../ports/sink.ts'
import { registerSinkKind, type SinkKind, type SinkLocation } from '../sink-kind.ts'
import type { SinkPorts } from '../sink-ports.ts'

declare module '../sink-ports.ts' {
  interface SinkPorts {
    /** Prints whole texts, one for each batch. */
    readonly print?: Sink<string>
  }
}

const PLACE = 'print:'

const print: SinkKind<SinkLocation, string> = {
  name: 'print',
  noun: 'the terminal',
  isAvailable: (ports: SinkPorts) => ports.print !== undefined,
  locateUnbound: (place) => (place === PLACE ? { kind: 'print', path: '' } : undefined),
  key: () => '',
  open: (_, { print: port }) => {
    if (port === undefined) throw new TypeError('nothing can be printed in this world')
    return port
  },
  encode: (elements) => elements.join(''),
}

registerSinkKind(print)
