/**
 * The frame of kinds of sinks that connect to something: a database, a queue, a server. They exist
 * where this world has connections, an output is bound to them as a whole, and what they connect to
 * is told apart by one text.
 */
import type { Connections } from '../../ports/connections.ts'
import type { Sink } from '../../ports/sink.ts'
import type { SentShape } from '../../rdd/sink-declaration.ts'
import type { WriteTarget } from '../../rdd/write-target.ts'
import type { Location, LocationForm } from '../../runtime/locations.ts'
import {
  registerSinkKind,
  type SinkKind,
  type SinkLocation,
} from '../../runtime/sinks/sink-kind.ts'

/** What such a kind says of itself. `L`: its locations, without the path of an output. */
export interface ConnectedKind<L extends Location, C> {
  /** The kind of its locations. */
  readonly name: string
  /** For messages: `a queue of SQS`. */
  readonly noun: string
  readonly form: LocationForm<L>
  readonly takes: readonly SentShape[]
  /** Whether it connects to files of this machine, so it does not exist on AWS. */
  readonly isLocal?: boolean
  /** See `SinkKind`. */
  readonly locateUnbound?: (place: string, cwd: string) => (L & SinkLocation) | undefined
  /** What a deployment stores. Left out: the kind is not deployed. */
  readonly stored?: {
    parse(stored: Readonly<Record<string, unknown>>): L | undefined
    /** Its form, for messages. */
    readonly form: string
  }
  /** Tells what it connects to from the rest of this kind. */
  key(location: L): string
  /** See `SinkKind`. */
  target?(location: L & SinkLocation): string
  connect(location: L, connections: Connections): Sink<C> | Promise<Sink<C>>
  encode(elements: readonly unknown[], target: WriteTarget): C
}

/** Registers such a kind. */
export const registerConnectedKind = <L extends Location, C>(given: ConnectedKind<L, C>): void => {
  const { name, noun, form, takes, isLocal = false, stored, locateUnbound } = given
  const isOfKind = (location: Location): location is L => location.kind === name

  const kind: SinkKind<L & SinkLocation, C> = {
    name,
    noun,
    form,
    takes,
    isAvailable: ({ connections }) =>
      isLocal ? connections?.files === true : connections !== undefined,
    ...(locateUnbound === undefined ? {} : { locateUnbound }),
    locateBound(location, path) {
      if (!isOfKind(location)) throw new TypeError(`${location.kind} is not ${noun}`)
      return { ...location, path }
    },
    ...(stored === undefined
      ? {}
      : { parseDeployed: (value) => stored.parse(value), deployedForm: stored.form }),
    key: (location) => given.key(location),
    ...(given.target === undefined ? {} : { target: (location) => given.target?.(location) ?? '' }),
    async open(location, { connections }) {
      if (connections === undefined) throw new TypeError('there are no connections in this world')
      return given.connect(location, connections)
    },
    encode: (elements, target) => given.encode(elements, target),
  }
  registerSinkKind(kind)
}
