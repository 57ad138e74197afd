/**
 * A kind of source: everything the runtime knows of it, in one value in one folder. Adding a kind
 * is such a folder and a line in `all.ts`; nothing else in the runtime names one.
 */
import type { SourceDeclaration } from '../../dstream/sources/declaration.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Receiver } from '../../ports/receiver.ts'
import type { Listener } from '../events.ts'
import type { EventReader } from '../intake/event-reader.ts'
import type { Location, LocationForm } from '../locations.ts'
import type { SourcePorts } from './source-ports.ts'
import type { SourceInput, SourceReader } from './source-reader.ts'

/** Where one source node is in the store. */
export interface SourcePlace {
  readonly store: ItemStore
  readonly app: string
  /** The id of the source node. */
  readonly source: string
}

/** What a source is opened with. */
export interface OpenSourceParts extends SourcePlace {
  readonly declared: SourceDeclaration
  readonly ports: SourcePorts
  readonly clock: Clock
  /** Names this process: what is in memory belongs to it. */
  readonly process: string
  readonly report: Listener
}

/** A source that can be read. */
export interface OpenedSource {
  readonly reader: SourceReader
  /** Feeds the source in this process. Left out: others append to its lanes, or it has none. */
  readonly receiver?: Receiver
}

/** What can be done with an input without opening its source. */
export interface InputKind<I extends SourceInput = SourceInput> {
  /** The kind that inputs and readers carry. Kinds of sources with the same inputs share it. */
  readonly name: string
  /** Makes an input small, for the head and the store: plain data. Default: as it is. */
  pack?(input: I): object
  /** Makes an input of what `pack` made. */
  unpack?(source: string, stored: object): I
  /**
   * Notes that the input counts as taken, though its batch is skipped. May run several times.
   * Left out: nothing needs to be noted.
   */
  skip?(place: SourcePlace, input: I, timeMs: number): Promise<void>
  /** What it holds, in words, for people. */
  describe(source: string, input: I): readonly string[]
}

/** How a location is described to people. */
export interface LocationText {
  /** What is read there: `files in ./in`. */
  readonly what: string
  /** How to give it something to read: `copy one in`. Left out: nothing can be said. */
  readonly howToFeed?: string
}

/** Everything the runtime knows of one kind of source. */
export interface SourceKind<L extends Location = Location> {
  /** Names it in locations and deployments. */
  readonly name: string
  /** For messages: `a socket`. */
  readonly noun: string
  /** The elements it can give. A source can be bound to it if it wants one of these. */
  readonly gives: readonly string[]
  /** How people write its locations in bindings. Left out: nobody can bind a source to it. */
  readonly form?: LocationForm<L>
  /** Whether the ports of this world are enough for it. */
  isAvailable(ports: SourcePorts): boolean
  /** The location of a source of this kind that is bound to nothing. Undefined: it has none. */
  locateUnbound?(declared: SourceDeclaration, cwd: string): L | undefined
  /** What to do about a source of this kind that has no location here. Default: bind it. */
  unboundFix?(declared: SourceDeclaration): string
  /** The location that a deployment has stored. Undefined: it is malformed. */
  parseDeployed?(stored: Readonly<Record<string, unknown>>): L | undefined
  /** The form of what `parseDeployed` takes, for messages. */
  readonly deployedForm?: string
  describe(location: L): LocationText
  /** Whether a directory is there, and the like, before anything is opened. Throws if it is not. */
  check?(location: L, name: string, ports: SourcePorts): void
  open(location: L, parts: OpenSourceParts): OpenedSource | Promise<OpenedSource>
  readonly input: InputKind
  /** Reads events of the platform, for intake as a function. Left out: no event brings records. */
  readonly events?: (ports: SourcePorts) => EventReader<L>
}

const kinds = new Map<string, SourceKind>()
const inputKinds = new Map<string, InputKind>()

/** Makes a kind known. Called once by its own file. */
export const registerSourceKind = <L extends Location>(kind: SourceKind<L>): void => {
  kinds.set(kind.name, kind)
  inputKinds.set(kind.input.name, kind.input)
}

/** All kinds, in the order of their names. */
export const sourceKinds = (): readonly SourceKind[] =>
  [...kinds.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** The kind with a name. Undefined: there is none. */
export const sourceKind = (name: string): SourceKind | undefined => kinds.get(name)

/** The kind of an input that was logged. */
export const inputKind = (name: string): InputKind => {
  const kind = inputKinds.get(name)
  if (kind === undefined) throw new TypeError(`no source has inputs of the kind ${name}`)
  return kind
}

/** For messages: the kinds of sources that have inputs of a kind. */
export const nounsOfInput = (name: string): string => {
  const nouns = sourceKinds().filter(({ input }) => input.name === name)
  return nouns.length === 0 ? name : nouns.map(({ noun }) => noun).join(' or ')
}
