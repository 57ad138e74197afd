/**
 * A kind of source: everything that the runtime knows about the kind, as one value in one folder. A
 * new kind needs such a folder and a line in `all.ts`. No other code of the runtime names a kind.
 */
import type { SourceDeclaration } from '../../dstream/sources/declaration.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Receiver } from '../../ports/receiver.ts'
import type { Listener } from '../events.ts'
import type { EventReader } from '../intake/event-reader.ts'
import type { CombinedCode } from '../../state/combined-blocks.ts'
import type { SourceTaken } from '../../state/history/batch-record.ts'
import type { Location, LocationForm } from '../locations.ts'
import type { HeldLimits } from './held-limits.ts'
import type { LaneFeed } from './lane-feed.ts'
import type { SourcePorts } from './source-ports.ts'
import type { SourceInput, SourceReader } from './source-reader.ts'

/** The place of one source node in the store. */
export interface SourcePlace {
  readonly store: ItemStore
  readonly app: string
  /** The id of the source node. */
  readonly source: string
}

/** What is needed to open a source. */
export interface OpenSourceParts extends SourcePlace {
  readonly declared: SourceDeclaration
  readonly ports: SourcePorts
  readonly clock: Clock
  /** Default: {@link HELD_LIMITS}. */
  readonly held?: HeldLimits | undefined
  /** For what blocks count that intake has combined. Left out: the plan has no source stage. */
  readonly code?: CombinedCode | undefined
  /** Identifies this process, for data that exists only in its memory. */
  readonly process: string
  /** The name of this process among those that feed the source. Left out: it is the only one. */
  readonly feederName?: string | undefined
  readonly report: Listener
}

/** A source that can be read. */
export interface OpenedSource {
  readonly reader: SourceReader
  /**
   * Feeds the source in this process. Left out: other processes append to its lanes, or it has
   * none.
   */
  readonly receiver?: Receiver
  /** Feeds its lanes in this process, and knows their positions. Left out: as `receiver` says. */
  readonly feed?: LaneFeed
}

/** What the history notes of an input. */
export type InputNote = Pick<SourceTaken, 'appends' | 'lanes' | 'names'>

/** Operations on an input that do not need an open source. */
export interface InputKind<I extends SourceInput = SourceInput> {
  /** The `kind` of inputs and readers. Kinds of sources with the same inputs share it. */
  readonly name: string
  /** Makes an input small plain data, for the head and the store. Default: no change. */
  pack?(input: I): object
  /** Makes an input from the result of `pack`. Default: no change. */
  unpack?(source: string, stored: object): I
  /**
   * Notes that the input counts as consumed, though its batch is skipped. May run several times.
   * Left out: there is nothing to note.
   */
  skip?(place: SourcePlace, input: I, timeMs: number): Promise<void>
  /** Describes the input in words, for operators. */
  describe(source: string, input: I): readonly string[]
  /** What the history notes of the input. Left out: only its amounts. */
  note?(input: I, nowMs: number): InputNote
}

/** How a location is described to users. */
export interface LocationText {
  /** What the source reads: `files in ./in`. */
  readonly what: string
  /** How to give the source input: `copy one in`. Left out: unknown. */
  readonly howToFeed?: string
}

/** The inputs of a source that are to be read again. */
export interface ReplayedInputs {
  /** Their kind. */
  readonly input: string
  readonly bound: string | undefined
}

/** Everything that the runtime knows about one kind of source. */
export interface SourceKind<L extends Location = Location> {
  /** The name of the kind in locations and deployments. */
  readonly name: string
  /** For messages: `a socket`. */
  readonly noun: string
  /**
   * The elements that this kind can give. A source can be bound to it if it declares one of these.
   */
  readonly gives: readonly string[]
  /** Whether it gives whatever its source declares. */
  readonly givesAll?: boolean
  /** How users write its locations in bindings. Left out: a source cannot be bound to this kind. */
  readonly form?: LocationForm<L>
  /** Whether this world has the ports that the kind needs. */
  isAvailable(ports: SourcePorts): boolean
  /** The location of a source of this kind without a binding. Undefined: it has none. */
  locateUnbound?(declared: SourceDeclaration, cwd: string): L | undefined
  /** What to do about a source of this kind without a location in this world. Default: bind it. */
  unboundFix?(declared: SourceDeclaration): string
  /** The location that a deployment has stored. Undefined: it is malformed. */
  parseDeployed?(stored: Readonly<Record<string, unknown>>): L | undefined
  /**
   * Where a replay reads inputs again, if nothing of the source itself is needed, or only what
   * `bound` names: the URI that is bound to the source. `input`: the kind of the inputs. Undefined:
   * not here.
   */
  locateReplay?(declared: SourceDeclaration, inputs: ReplayedInputs): L | undefined
  /** The form of stored locations, for messages. */
  readonly deployedForm?: string
  /**
   * For each of its lanes, those that are read to their end before it. It also holds for lanes that
   * another process feeds. Left out: lanes have no order.
   */
  readonly predecessors?: (lanes: readonly string[]) => ReadonlyMap<string, readonly string[]>
  /** The location that reads the same while it grows. Left out: such a location never grows. */
  follow?(location: L): Location
  describe(location: L, ports?: SourcePorts): LocationText
  /**
   * Checks a location before anything is opened, for example that a directory exists. Throws if
   * not.
   */
  check?(location: L, name: string, ports: SourcePorts): void
  open(location: L, parts: OpenSourceParts): OpenedSource | Promise<OpenedSource>
  readonly input: InputKind
  /**
   * Reads events of the platform, for intake as a function. Left out: no events contain records.
   */
  readonly events?: (ports: SourcePorts) => EventReader<L>
  /**
   * How long what feeds a lane keeps its records, in milliseconds. Undefined: the lane is of no
   * such source, or nobody can tell. Left out: what this kind reads keeps its records.
   */
  readonly retentionMs?: (lane: string, ports: SourcePorts) => Promise<number | undefined>
}

const kinds = new Map<string, SourceKind>()
const inputKinds = new Map<string, InputKind>()

/** Registers a kind. The file of the kind calls this once. */
export const registerSourceKind = <L extends Location>(kind: SourceKind<L>): void => {
  kinds.set(kind.name, kind)
  inputKinds.set(kind.input.name, kind.input)
}

/** Where a replay reads inputs of a source again. Undefined: no kind can. */
export const replayLocation = (
  declared: SourceDeclaration,
  inputs: ReplayedInputs,
): Location | undefined => {
  for (const kind of sourceKinds()) {
    const location = kind.locateReplay?.(declared, inputs)
    if (location !== undefined) return location
  }
  return undefined
}

/** All kinds, in the order of their names. */
export const sourceKinds = (): readonly SourceKind[] =>
  [...kinds.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** The kind with a name. Undefined: no kind has this name. */
export const sourceKind = (name: string): SourceKind | undefined => kinds.get(name)

/** The kind of a logged input. */
export const inputKind = (name: string): InputKind => {
  const kind = inputKinds.get(name)
  if (kind === undefined) throw new TypeError(`no source has inputs of the kind ${name}`)
  return kind
}

/** The kinds of sources that have this kind of input, in words for messages. */
export const nounsOfInput = (name: string): string => {
  const nouns = sourceKinds().filter(({ input }) => input.name === name)
  return nouns.length === 0 ? name : nouns.map(({ noun }) => noun).join(' or ')
}
