/** Reads lines of text from a TCP connection. A receiver feeds one lane. */
import { TEXT } from '../../../dstream/sources/declaration.ts'
import type { Receiver } from '../../../ports/receiver.ts'
import { invalidLocation, type Location, type LocationForm } from '../../locations.ts'
import { lanesInput } from '../lanes/input.ts'
import { lanesReader } from '../lanes/reader.ts'
import { registerSourceKind, type SourceKind } from '../source-kind.ts'

declare module '../source-ports.ts' {
  interface SourcePorts {
    /** Connects to a socket. */
    readonly socket?: (location: SocketLocation) => Receiver
  }
}

/** The address of a socket. */
export interface SocketLocation extends Location {
  readonly kind: 'socket'
  readonly host: string
  readonly port: number
}

const form: LocationForm<SocketLocation> = {
  shown: 'socket://HOST:PORT',
  example: 'socket://localhost:9999',
  schemes: ['socket'],
  parse(uri: string): SocketLocation {
    const [, bracketed, plain, port] =
      /^socket:\/\/(?:\[([0-9a-f:.]+)\]|([^\s/:@?#[\]]+)):(\d{1,5})$/i.exec(uri) ?? []
    const host = bracketed ?? plain
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
      throw invalidLocation('This is not the address of a socket', uri, {
        allowed: 'socket://HOST:PORT',
        fix: 'give a host and a port from 1 to 65535, for example socket://localhost:9999',
      })
    return { kind: 'socket', host, port: Number(port) }
  },
}

const socket: SourceKind<SocketLocation> = {
  name: 'socket',
  noun: 'a socket',
  gives: [TEXT],
  form,
  isAvailable: (ports) => ports.socket !== undefined,
  locateUnbound: ({ literal }, cwd) =>
    literal === undefined ? undefined : form.parse(literal, cwd),
  describe: ({ host, port }) => ({
    what: `lines on socket ${host}:${port}`,
    howToFeed: `run nc -lk ${port} and type`,
  }),
  open: (location, { store, app, source, ports, held }) => {
    if (ports.socket === undefined) throw new TypeError('there are no sockets in this world')
    return { reader: lanesReader({ store, app, source, held }), receiver: ports.socket(location) }
  },
  input: lanesInput,
}

registerSourceKind(socket)
