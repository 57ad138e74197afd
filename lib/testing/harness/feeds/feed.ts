/**
 * How a test feeds the sources of one kind. Kinds whose sources have a receiver need no feed of
 * their own: a test stores records as the receiver would.
 */
import type { SourceDeclaration } from '../../../dstream/sources/declaration.ts'
import type { ReceiverSink } from '../../../ports/receiver.ts'
import type { Intake } from '../../../runtime/intake/intake.ts'
import type { Location } from '../../../runtime/locations.ts'

/** Elements that were added together and are waiting to be delivered. */
export interface Waiting {
  readonly elements: readonly unknown[]
  readonly arrivedMs: number
}

/** A source node in a running application. */
export interface FedNode {
  /** The id of the source node. */
  readonly source: string
  readonly declared: SourceDeclaration
  readonly intake: Intake
  /** Takes what a receiver would store. Undefined: the source has no receiver. */
  readonly sink: ReceiverSink | undefined
}

/** Feeds the sources that have one name. */
export interface Feed {
  /** Whether tests add files instead of elements. */
  readonly takesFiles: boolean
  /** Whether an element can be added. */
  takes(element: unknown): boolean
  /** Delivers the waiting elements to each of the nodes, and resolves when they are durable. */
  deliver(waiting: readonly Waiting[], nodes: readonly FedNode[]): Promise<void>
}

/** Makes the feeds of one kind of source. */
export interface FeedKind {
  /** The name of the kind of source. */
  readonly kind: string
  /** Where a source of this name is in the world of a test. */
  location(name: string): Location
  open(name: string): Feed
}

const kinds = new Map<string, FeedKind>()

/** Makes a kind of feed known. Called once by its own file. */
export const registerFeed = (kind: FeedKind): void => void kinds.set(kind.kind, kind)

/** The feeds of a kind of source. Undefined: its sources have a receiver. */
export const feedKind = (kind: string): FeedKind | undefined => kinds.get(kind)

/** All waiting records, in one delivery. */
const storeAll = async (waiting: readonly Waiting[], { sink }: FedNode): Promise<void> =>
  sink?.store({ records: waiting.flatMap(({ elements }) => elements), rejected: [] })

/** Feeds sources as their receivers would. */
export const receiverFeed = ({ elements }: SourceDeclaration): Feed => ({
  takesFiles: false,
  takes: (element) => elements !== 'text' || typeof element === 'string',
  async deliver(waiting, nodes): Promise<void> {
    for (const node of nodes) await storeAll(waiting, node)
  },
})
