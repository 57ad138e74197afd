/**
 * Which source reads which event. Only intake as a function needs this, and it loads neither sinks
 * nor what runs a batch.
 */
import '../sources/all.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { Location } from '../locations.ts'
import { sourceKind } from '../sources/source-kind.ts'
import type { SourcePorts } from '../sources/source-ports.ts'
import type { EventRoute } from './event-reader.ts'

/** How events of the platform reach the sources of a plan. Made once in a process. */
export const eventRoutes = (
  { sources }: Plan,
  locations: ReadonlyMap<string, Location>,
  ports: SourcePorts,
): readonly EventRoute[] => {
  const bound = sources.flatMap(({ id, node }) => {
    const location = locations.get(id)
    return location === undefined ? [] : [{ source: id, declared: node.source, location }]
  })
  const byKind = Map.groupBy(bound, ({ location }) => location.kind)
  return [...byKind].flatMap(([name, ofKind]) => {
    const events = sourceKind(name)?.events
    return events === undefined ? [] : [{ reader: events(ports), sources: ofKind }]
  })
}
