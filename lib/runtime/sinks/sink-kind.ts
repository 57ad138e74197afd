/**
 * A kind of sink: everything the runtime knows of it, in one value in one folder. Adding a kind is
 * such a folder and a line in `all.ts`; nothing else in the runtime names one.
 */
import type { Sink } from '../../ports/sink.ts'
import type { WriteTarget } from '../../rdd/write-target.ts'
import type { Location, LocationForm } from '../locations.ts'
import type { SinkPorts } from './sink-ports.ts'

/** A place that outputs go to, and the name of one batch of one output below it. */
export interface SinkLocation extends Location {
  /** See `SinkBatch.path`. */
  readonly path: string
}

/** Everything the runtime knows of one kind of sink. `C` is what it takes of a partition. */
export interface SinkKind<L extends SinkLocation = SinkLocation, C = unknown> {
  /** Names it in locations and deployments. */
  readonly name: string
  /** For messages: `a directory`. */
  readonly noun: string
  /** How people write its locations in bindings. Left out: an output cannot be bound to it. */
  readonly form?: LocationForm
  /** Whether the ports of this world are enough for it. */
  isAvailable(ports: SinkPorts): boolean
  /** How pipelines write its places, for messages: `s3://BUCKET/PATH`. Left out: as paths. */
  readonly placeForm?: string
  /** The location of a place that is bound to nothing. Undefined: it is not of this kind. */
  locateUnbound?(place: string, cwd: string): L | undefined
  /**
   * The location of a place whose name is bound to `bound`. `path` is what follows the name.
   */
  locateBound?(bound: Location, path: string): L
  /** The bound location that a deployment has stored. Undefined: it is malformed. */
  parseDeployed?(stored: Readonly<Record<string, unknown>>): Location | undefined
  /** The form of what `parseDeployed` takes, for messages. */
  readonly deployedForm?: string
  /** Names the sink among those of this kind: batches of outputs with the same key share it. */
  key(location: L): string
  /** Opens the sink of a location, whatever its path. */
  open(location: L, ports: SinkPorts): Sink<C> | Promise<Sink<C>>
  /** What the sink takes of the elements of a partition. */
  encode(elements: readonly unknown[], target: WriteTarget): C
}

const kinds = new Map<string, SinkKind>()

/** Makes a kind known. Called once by its own file. */
export const registerSinkKind = <L extends SinkLocation, C>(kind: SinkKind<L, C>): void => {
  kinds.set(kind.name, kind)
}

/** All kinds, in the order of their names. */
export const sinkKinds = (): readonly SinkKind[] =>
  [...kinds.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** The kind with a name. Undefined: there is none. */
export const sinkKind = (name: string): SinkKind | undefined => kinds.get(name)

/** The kind of a location. */
export const sinkKindOf = ({ kind }: Pick<Location, 'kind'>): SinkKind => {
  const found = kinds.get(kind)
  if (found === undefined) throw new TypeError(`no sink is of the kind ${kind}`)
  return found
}
