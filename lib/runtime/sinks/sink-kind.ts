/**
 * A kind of sink: everything that the runtime knows about the kind, as one value in one folder. A
 * new kind needs such a folder and a line in `all.ts`. No other code of the runtime names a kind.
 */
import type { Sink } from '../../ports/sink.ts'
import type { SentShape } from '../../rdd/sink-declaration.ts'
import type { WriteTarget } from '../../rdd/write-target.ts'
import type { Location, LocationForm } from '../locations.ts'
import type { SinkPorts } from './sink-ports.ts'

/** Where an output goes: a location of a kind of sink, and the path of the output below it. */
export interface SinkLocation extends Location {
  /** See `SinkBatch.path`. */
  readonly path: string
}

/**
 * Everything that the runtime knows about one kind of sink. `C`: the form in which it takes a
 * partition.
 */
export interface SinkKind<L extends SinkLocation = SinkLocation, C = unknown> {
  /** The name of the kind in locations and deployments. */
  readonly name: string
  /** For messages: `a directory`. */
  readonly noun: string
  /**
   * How users write its locations in bindings. Left out: an output cannot be bound to this kind.
   */
  readonly form?: LocationForm
  /**
   * What it takes: outputs of `saveTo` that send one of these. Left out: whatever it can encode.
   */
  readonly takes?: readonly SentShape[]
  /** Whether this world has the ports that the kind needs. */
  isAvailable(ports: SinkPorts): boolean
  /**
   * How pipelines write places of this kind, for messages: `s3://BUCKET/PATH`. Left out: as paths.
   */
  readonly placeForm?: string
  /** The location of a place without a binding. Undefined: the place is not of this kind. */
  locateUnbound?(place: string, cwd: string): L | undefined
  /** The location of a place whose name is bound to `bound`. `path`: the part after the name. */
  locateBound?(bound: Location, path: string): L
  /** The location that a deployment has stored. Undefined: it is malformed. */
  parseDeployed?(stored: Readonly<Record<string, unknown>>): Location | undefined
  /** The form of stored locations, for messages. */
  readonly deployedForm?: string
  /** Identifies the sink among those of this kind. Outputs with the same key share a sink. */
  key(location: L): string
  /**
   * Tells what a location writes to from all else, however its binding is spelled. Two outputs with
   * one target, or one inside the other, would overwrite each other. Left out: the name of the
   * kind, the key and the path.
   */
  target?(location: L): string
  /** Opens the sink of a location. Does not depend on the path. */
  open(location: L, ports: SinkPorts): Sink<C> | Promise<Sink<C>>
  /** Encodes the elements of a partition for the sink. */
  encode(elements: readonly unknown[], target: WriteTarget): C
}

const kinds = new Map<string, SinkKind>()

/** Registers a kind. The file of the kind calls this once. */
export const registerSinkKind = <L extends SinkLocation, C>(kind: SinkKind<L, C>): void => {
  kinds.set(kind.name, kind)
}

/** All kinds, in the order of their names. */
export const sinkKinds = (): readonly SinkKind[] =>
  [...kinds.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** The kind with a name. Undefined: no kind has this name. */
export const sinkKind = (name: string): SinkKind | undefined => kinds.get(name)

/** The kind of a location. */
export const sinkKindOf = ({ kind }: Pick<Location, 'kind'>): SinkKind => {
  const found = kinds.get(kind)
  if (found === undefined) throw new TypeError(`no sink is of the kind ${kind}`)
  return found
}
