/**
 * Turns events of the platform into appends. Each kind of source whose records come in events has
 * its own reader. This file finds the reader for an event.
 */
import { MillraceError } from '../../base/errors.ts'
import type { SourceDeclaration } from '../../dstream/sources/declaration.ts'
import type { Location } from '../locations.ts'
import type { LaneDelivery } from './lane-delivery.ts'

/** An event, as a function receives it. Most events have records. */
export interface PlatformEvent {
  readonly Records?: readonly object[]
}

/** A source node and its location. */
export interface BoundSource<L extends Location = Location> {
  /** The id of the source node. */
  readonly source: string
  readonly declared: SourceDeclaration
  readonly location: L
}

/** Records with their own positions, for one source. */
export interface PositionedAppend {
  /** The id of the source node. */
  readonly source: string
  readonly delivery: LaneDelivery
}

/** Records without positions. They are appended at the tail of a lane. */
export interface TailAppend {
  /** The id of the source node. */
  readonly source: string
  readonly lane: string
  readonly records: readonly unknown[]
}

/** What intake appends for one source. */
export type SourceAppend = PositionedAppend | TailAppend

/**
 * A message of a queue that cannot be read. Only this message comes again, until its queue puts it
 * aside.
 */
export interface RefusedMessage {
  readonly messageId: string
  readonly error: MillraceError
}

/** What an event contains. */
export interface EventContent {
  readonly appends: readonly SourceAppend[]
  /** Messages that must come again by themselves. Default: none. */
  readonly refused?: readonly RefusedMessage[]
  /**
   * Makes the answer of the function. It calls `append`, which stores what the event contains, and
   * tells how that went. Left out: nobody waits for an answer.
   */
  readonly respond?: (append: () => Promise<unknown>) => Promise<object>
}

/** Reads the events of one kind of source. Made once in a process. */
export interface EventReader<L extends Location = Location> {
  /** Whether the event is of this kind. */
  claims(event: PlatformEvent, sources: readonly BoundSource<L>[]): boolean
  /**
   * The content of an event, for all of the sources. Rejects if the whole event must come again.
   *
   * @throws MillraceError `EVENT_INVALID` when the event is malformed, and nobody can say which of
   * its messages is.
   */
  read(event: PlatformEvent, sources: readonly BoundSource<L>[]): Promise<EventContent>
}

/** A reader with the sources of its kind. */
export interface EventRoute {
  readonly reader: EventReader
  readonly sources: readonly BoundSource[]
}

/**
 * The content of an event, from the first route that claims the event. An event that nobody reads
 * is refused: to answer it would acknowledge what it says.
 *
 * @throws MillraceError `EVENT_INVALID` when no route claims it.
 */
export const readEvent = async (
  event: PlatformEvent,
  routes: readonly EventRoute[],
): Promise<EventContent> => {
  if (event.Records?.length === 0) return { appends: [] }
  const route = routes.find(({ reader, sources }) => reader.claims(event, sources))
  if (route !== undefined) return route.reader.read(event, route.sources)
  throw new MillraceError('EVENT_INVALID', {
    problem: 'The function was invoked with an event that no source of the pipeline reads',
    value: event.Records?.[0] ?? event,
    allowed: 'events from the locations of the sources',
    fix:
      'remove the event source mapping that sends the event, ' +
      'or bind a source to its origin and deploy again',
  })
}
