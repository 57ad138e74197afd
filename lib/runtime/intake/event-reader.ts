/**
 * From an event of the platform to what intake appends. Each kind of source whose records come in
 * events has a reader of its own; this file finds the one that an event is for.
 */
import { MillraceError } from '../../base/errors.ts'
import type { SourceDeclaration } from '../../dstream/sources/declaration.ts'
import type { Location } from '../locations.ts'
import type { LaneDelivery } from './intake.ts'

/** An event with records, as a function is given it. */
export interface PlatformEvent {
  readonly Records?: readonly object[]
}

/** A source node and what it is bound to. */
export interface BoundSource<L extends Location = Location> {
  /** The id of the source node. */
  readonly source: string
  readonly declared: SourceDeclaration
  readonly location: L
}

/** Records with positions of their own, for one source. */
export interface PositionedAppend {
  /** The id of the source node. */
  readonly source: string
  readonly delivery: LaneDelivery
}

/** Records without positions, which are appended at the tail of a lane. */
export interface TailAppend {
  /** The id of the source node. */
  readonly source: string
  readonly lane: string
  readonly records: readonly unknown[]
}

/** What intake appends for one source. */
export type SourceAppend = PositionedAppend | TailAppend

/** Reads the events of one kind of source. It is made once in a process. */
export interface EventReader<L extends Location = Location> {
  /** Whether the event is of this kind. It has one record at least. */
  claims(event: PlatformEvent, sources: readonly BoundSource<L>[]): boolean
  /**
   * What the event brings for each of the sources. It rejects if the event must come again.
   *
   * @throws MillraceError `EVENT_INVALID` when the event is malformed.
   */
  read(event: PlatformEvent, sources: readonly BoundSource<L>[]): Promise<readonly SourceAppend[]>
}

/** A reader with the sources of its kind. */
export interface EventRoute {
  readonly reader: EventReader
  readonly sources: readonly BoundSource[]
}

/** What an event brings, read by the first route that claims it. */
export const readEvent = async (
  event: PlatformEvent,
  routes: readonly EventRoute[],
): Promise<readonly SourceAppend[]> => {
  if ((event.Records ?? []).length === 0) return []
  const route = routes.find(({ reader, sources }) => reader.claims(event, sources))
  if (route !== undefined) return route.reader.read(event, route.sources)
  throw new MillraceError('EVENT_INVALID', {
    problem: 'The function was invoked with an event that no source of the pipeline reads',
    value: event.Records?.[0],
    allowed: 'events of what the sources of the pipeline are bound to',
    fix: 'remove the event source mapping that sends it, or bind a source to it and deploy again',
  })
}
