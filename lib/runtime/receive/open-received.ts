/** Opens the sources that a process feeds for an application that runs elsewhere. */
import '../sources/all.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Plan } from '../../dstream/plan.ts'
import { type SourceDeclaration, sourceName } from '../../dstream/sources/declaration.ts'
import type { WorldPorts } from '../compose.ts'
import type { FedSource } from '../compose.ts'
import type { Listener } from '../events.ts'
import type { Location } from '../locations.ts'
import { sourceKind } from '../sources/source-kind.ts'

/** What is opened. */
export interface ReceivedParts {
  readonly plan: Plan
  readonly app: string
  /** The locations of the sources to feed, by the ids of their nodes. */
  readonly locations: ReadonlyMap<string, Location>
  readonly ports: Pick<WorldPorts, 'store' | 'clock' | 'randomness' | 'sources'>
  readonly listen: Listener
  /** Several processes that feed the same source have names. Undefined: there is one. */
  readonly name?: string | undefined
}

/** The kinds of readers. */
const LANES = 'lanes'
const MESSAGES = 'sqs'

/** How a source that can be fed only by its own kind is bound. */
const kindFix = (declared: SourceDeclaration): string | undefined =>
  declared.storesMessages === true ? sourceKind(declared.kind)?.unboundFix?.(declared) : undefined

/**
 * Opens them. Their records go through lanes, and a driver elsewhere reads these. So what reads
 * files itself cannot be used, and neither can a source whose lanes need a reader of their own.
 *
 * @throws MillraceError `BINDING_UNFIT`, and the errors of the sources.
 */
export const openReceived = async ({
  plan,
  app,
  locations,
  ports,
  listen,
  name: feederName,
}: ReceivedParts): Promise<readonly FedSource[]> => {
  const { store, clock, randomness, sources } = ports
  const process = randomness.attemptId()
  const opened: FedSource[] = []
  for (const { id, node } of plan.sources) {
    const location = locations.get(id)
    if (location === undefined) continue
    const kind = sourceKind(location.kind)
    const name = sourceName(id, node.source)
    kind?.check?.(location, name, sources)
    const parts = {
      store,
      app,
      source: id,
      declared: node.source,
      ports: sources,
      clock,
      process,
      feederName,
    }
    const found = await kind?.open(location, { ...parts, report: listen })
    const { receiver, feed, reader } = found ?? {}
    const wanted = node.source.storesMessages === true ? MESSAGES : LANES
    if (reader?.kind !== wanted || (receiver ?? feed) === undefined)
      throw new MillraceError('BINDING_UNFIT', {
        problem: `millrace receive cannot feed "${name}" from ${kind?.noun ?? 'there'}`,
        value: location,
        allowed:
          wanted === MESSAGES
            ? 'what it declares: a broker'
            : 'a socket, a file that grows (--follow), the standard input, a stream or a topic',
        fix:
          kindFix(node.source) ??
          `for example --bind ${name}=-, or --follow --bind ${name}=access.log`,
      })
    opened.push({
      source: id,
      ...(receiver === undefined ? {} : { receiver }),
      ...(feed === undefined ? {} : { feed }),
    })
  }
  return opened
}
