/**
 * Composes a runner. The command line, the functions, the harness and the simulator all use this,
 * each with its own ports. Nothing else makes a runner.
 */
import './sinks/all.ts'
import './sources/all.ts'
import { MillraceError } from '../base/errors.ts'
import type { Plan } from '../dstream/plan.ts'
import { sourceName } from '../dstream/sources/declaration.ts'
import type { Clock } from '../ports/clock.ts'
import type { Executors } from '../ports/executors.ts'
import type { ItemStore } from '../ports/item-store.ts'
import type { Randomness } from '../ports/randomness.ts'
import type { Receiver } from '../ports/receiver.ts'
import type { LogSettings } from '../state/state-log.ts'
import { HeadStore } from '../state/head.ts'
import type { Listener } from './events.ts'
import { ListenerBus } from './listening/listener-bus.ts'
import type { Location } from './locations.ts'
import type { Runner } from './runner.ts'
import { type OutputsParts, outputsTo } from './sinks/outputs.ts'
import { checkFittingKinds } from './sinks/fitting-kinds.ts'
import { checkSeparatePlaces } from './sinks/separate-places.ts'
import type { SinkPorts } from './sinks/sink-ports.ts'
import { combinedCode } from './sources/combined-code.ts'
import { wholeReader, type WholeInput } from './sources/redriven.ts'
import { type OpenedSource, sourceKind } from './sources/source-kind.ts'
import type { SourcePorts } from './sources/source-ports.ts'
import type { HeldLimits } from './sources/held-limits.ts'
import type { LaneFeed } from './sources/lane-feed.ts'
import type { SourceReader } from './sources/source-reader.ts'
import { StageSpreader } from './tasks/stage-spreader.ts'
import { TaskServer } from './tasks/task-server.ts'

/** The ports that every world has. */
export interface WorldPorts {
  readonly store: ItemStore
  readonly clock: Clock
  readonly randomness: Randomness
  readonly sources: SourcePorts
  readonly sinks: SinkPorts
  /** See {@link Runner.memoryInUse}. */
  readonly memoryInUse?: () => number
  /** See {@link Runner.memoryMb}. */
  readonly memoryMb?: number
}

/** What a runner is composed of. */
export interface CompositionParts {
  readonly plan: Plan
  /** Orders deployments. It only grows (B10). */
  readonly generation: number
  readonly ports: WorldPorts
  /** The location of each source, by the id of its node. */
  readonly locations: ReadonlyMap<string, Location>
  /** Finds the location of an output by its place. */
  readonly locateOutput: OutputsParts['locate']
  readonly listen: Listener
  /** See {@link Runner.leaseMs}. */
  readonly leaseMs: number
  /** See {@link Runner.takeUsage}. */
  readonly takeUsage?: Runner['takeUsage'] | undefined
  /** See {@link Runner.logSettings}. */
  readonly logSettings?: LogSettings
  /** Default: all tasks run in this process. */
  readonly executors?: Executors | undefined
  /** Default: {@link HELD_LIMITS}. */
  readonly held?: HeldLimits
  /** See {@link Runner.taskBytes}. */
  readonly taskBytes?: number
  /** See {@link Runner.stateBytes}. */
  readonly stateBytes?: number
  /** See {@link Runner.slowMs}. */
  readonly slowMs?: number
}

/** A source of the plan that this process feeds: with its receiver, or with its feed. */
export interface FedSource {
  /** The id of the source node. */
  readonly source: string
  readonly receiver?: Receiver
  readonly feed?: LaneFeed
}

/** A runner that can start, and the receivers that must run in this process. */
export interface Composition {
  readonly runner: Runner
  readonly receivers: readonly FedSource[]
}

/**
 * Opens every source and makes a runner.
 *
 * @throws MillraceError `BINDING_MISSING` when a source has no location that can be read here.
 * `BINDING_UNFIT` when an output has a location that does not take what it sends.
 * `ARGUMENT_INVALID` when two outputs write to one place. The errors of the sources.
 */
export const compose = async (parts: CompositionParts): Promise<Composition> => {
  const { plan, generation, ports, locateOutput, listen, leaseMs, logSettings } = parts
  const { executors, taskBytes, stateBytes, slowMs } = parts
  const { store, clock, randomness, sinks, memoryInUse, memoryMb } = ports
  checkFittingKinds(plan, locateOutput)
  checkSeparatePlaces(plan, locateOutput)
  const app = plan.name
  const { readers: sources, receivers } = await openSources(parts)
  const runner: Runner = {
    plan,
    app,
    generation,
    store,
    heads: new HeadStore(store, app),
    clock,
    randomness,
    sources,
    outputs: outputsTo({ locate: locateOutput, ports: sinks, listen }),
    ...(executors === undefined
      ? {}
      : { spreader: new StageSpreader({ executors, clock, listen }) }),
    taskBytes,
    stateBytes,
    slowMs,
    listen,
    listeners: new ListenerBus({ plan, clock, report: listen }),
    leaseMs,
    ...(logSettings === undefined ? {} : { logSettings }),
    ...(memoryInUse === undefined ? {} : { memoryInUse }),
    ...(memoryMb === undefined ? {} : { memoryMb }),
    ...(parts.takeUsage === undefined ? {} : { takeUsage: parts.takeUsage }),
  }
  return { runner, receivers }
}

/** What a task server is composed of. */
export type ServerParts = Pick<
  CompositionParts,
  | 'plan'
  | 'generation'
  | 'ports'
  | 'locations'
  | 'locateOutput'
  | 'listen'
  | 'held'
  | 'taskBytes'
  | 'logSettings'
>

/**
 * Opens every source for an executor. Its receivers do not run there.
 *
 * @throws MillraceError As {@link compose}.
 */
export const composeServer = async (parts: ServerParts): Promise<TaskServer> => {
  const { plan, generation, ports, locateOutput, taskBytes, logSettings } = parts
  const { store, clock, sinks } = ports
  const { readers: sources } = await openSources(parts)
  return new TaskServer({
    plan,
    app: plan.name,
    generation,
    store,
    clock,
    sources,
    outputs: outputsTo({ locate: locateOutput, ports: sinks }),
    taskBytes,
    ...(logSettings === undefined ? {} : { logSettings }),
  })
}

interface OpenedSources {
  readonly readers: Runner['sources']
  readonly receivers: readonly FedSource[]
}

type SourceParts = Omit<ServerParts, 'locateOutput' | 'taskBytes' | 'logSettings'>

const openSources = async (parts: SourceParts): Promise<OpenedSources> => {
  const { plan, ports, held } = parts
  const { store, randomness } = ports
  const process = randomness.attemptId()
  const readers = new Map<string, SourceReader<WholeInput>>()
  const receivers: FedSource[] = []
  for (const { id: source } of plan.sources) {
    const { reader, receiver, feed } = await openSource(source, process, parts)
    readers.set(source, wholeReader({ store, app: plan.name, source, held }, reader))
    if (receiver !== undefined) receivers.push({ source, receiver })
    if (feed !== undefined) receivers.push({ source, feed })
  }
  return { readers, receivers }
}

const openSource = async (
  id: string,
  process: string,
  { plan, generation, ports, locations, listen, held }: SourceParts,
): Promise<OpenedSource> => {
  const declared = plan.sources.find((planned) => planned.id === id)?.node.source
  const location = locations.get(id)
  const kind = location === undefined ? undefined : sourceKind(location.kind)
  const isReadable =
    declared !== undefined &&
    kind?.isAvailable(ports.sources) === true &&
    (kind.givesAll === true || kind.gives.includes(declared.elements))
  if (!isReadable || location === undefined || kind === undefined)
    throw new MillraceError('BINDING_MISSING', {
      problem:
        `The source ${declared === undefined ? id : sourceName(id, declared)} ` +
        'is bound to nothing that can be read here',
      value: location ?? 'nothing',
      allowed: 'a source that gives its elements',
      fix: 'give the source a binding, and start or deploy again',
    })
  return kind.open(location, {
    store: ports.store,
    app: plan.name,
    source: id,
    declared,
    ports: ports.sources,
    clock: ports.clock,
    held,
    code: combinedCode(plan, generation, id),
    process,
    report: listen,
  })
}
