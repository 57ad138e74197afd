/**
 * One process of an application under test: all that a restart throws away. The {@link TestWorld}
 * holds what outlives the process.
 */
import './feeds/all.ts'
import type { MemoryFiles } from '../../adapters/memory/memory-files.ts'
import { printSink } from '../../adapters/print-sink.ts'
import type { Plan, Planned } from '../../dstream/plan.ts'
import type { SourceNode } from '../../dstream/plan-node.ts'
import { type SourceDeclaration, sourceName } from '../../dstream/sources/declaration.ts'
import type { Pipeline } from '../../dstream/stream.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Randomness } from '../../ports/randomness.ts'
import type { Receiver } from '../../ports/receiver.ts'
import { compose, type WorldPorts } from '../../runtime/compose.ts'
import { nextGeneration } from '../../runtime/driver/adopt.ts'
import { Driver } from '../../runtime/driver/driver.ts'
import type { Listener } from '../../runtime/events.ts'
import { Intake } from '../../runtime/intake/intake.ts'
import { superviseReceiver } from '../../runtime/intake/receiver-supervisor.ts'
import { type Location, parseNamedUri } from '../../runtime/locations.ts'
import type { SinkLocation } from '../../runtime/sinks/sink-kind.ts'
import { sourceKind } from '../../runtime/sources/source-kind.ts'
import { HeadStore } from '../../state/head.ts'
import { type Feed, feedKind, type FedNode, receiverFeed } from './feeds/feed.ts'
import { type Observation, observePlan } from './observed-plan.ts'
import type { TestInput } from './test-input.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** What survives a restart: the store, the files, the time. */
export interface TestWorld {
  readonly store: ItemStore
  readonly files: MemoryFiles
  readonly clock: VirtualClock
  readonly randomness: Randomness
  /** The feed of the sources with this name. It is made when it is first needed. */
  readonly input: (name: string, open: () => Feed) => TestInput
  readonly listen: Listener
}

/** A process that runs. */
export interface Image {
  readonly plan: Plan
  readonly driver: Driver
  /** The nodes that are fed, by the names that tests use for their sources. */
  readonly fed: ReadonlyMap<string, readonly FedNode[]>
}

type PlannedSource = Planned<SourceNode>

/** The name that a test uses for a source. */
const nameOf = ({ id, node }: PlannedSource): string => sourceName(id, node.source)

/** Starts a pipeline in a world: calls its function again, with nothing in memory. */
export const startImage = async (
  world: TestWorld,
  pipeline: Pipeline,
  observation: Observation,
): Promise<Image> => {
  const plan = observePlan(pipeline.build(), observation)
  const head = await new HeadStore(world.store, plan.name).read()
  const { runner, receivers } = await compose({
    plan,
    generation: nextGeneration(head, plan, 0),
    ports: portsOf(world),
    locations: new Map(plan.sources.map((planned) => [planned.id, locationOf(planned)])),
    locateOutput,
    listen: world.listen,
    leaseMs: 0,
  })
  const fedByReceivers = new Set(receivers.map(({ source }) => source))
  const nodes = new Map<string, FedNode[]>()
  for (const planned of plan.sources) {
    const name = nameOf(planned)
    world.input(name, () => openFeed(name, planned.node.source))
    const node = await openFedNode(world, plan, planned, fedByReceivers.has(planned.id))
    nodes.set(name, [...(nodes.get(name) ?? []), node])
  }
  return { plan, driver: new Driver(runner), fed: nodes }
}

const openFeed = (name: string, declared: SourceDeclaration): Feed =>
  feedKind(declared.kind)?.open(name) ?? receiverFeed(declared)

const locationOf = (planned: PlannedSource): Location => {
  const declared = planned.node.source
  const location =
    feedKind(declared.kind)?.location(nameOf(planned)) ??
    sourceKind(declared.kind)?.locateUnbound?.(declared, '/')
  if (location === undefined) throw new TypeError(`tests cannot feed sources of ${declared.kind}`)
  return location
}

/** Receivers do not run: tests store what receivers would store. */
const silent: Receiver = { description: 'a test', run: async () => undefined }

const portsOf = ({ store, clock, randomness, files, input }: TestWorld): WorldPorts => ({
  store,
  clock,
  randomness,
  sources: {
    files: {
      open: ({ path }) => input(path, () => filesFeed(path)).objects,
      check: () => undefined,
    },
    socket: () => silent,
    kinesis: { createdMs: async () => 0 },
  },
  sinks: { files: () => files, print: printSink({ print: () => undefined }) },
})

const filesFeed = (name: string): Feed => {
  const feed = feedKind('files')?.open(name)
  if (feed === undefined) throw new TypeError('tests cannot feed files')
  return feed
}

/** Where an output lies among the files of a test: a bucket is a directory, and so is a root. */
const locateOutput = (place: string): SinkLocation => {
  if (place === 'print:') return { kind: 'print', path: '' }
  const directory: SinkLocation & { readonly directory: string } = {
    kind: 'files',
    directory: '',
    path: filePath(place),
  }
  return directory
}

/** The path of an output among the files of a test. */
export const filePath = (place: string): string => {
  const uri = parseNamedUri(place)
  return uri === undefined ? place.replace(/^\.?\/+/, '') : `${uri.name}/${uri.rest}`
}

const openFedNode = async (
  { store, clock, randomness, listen }: TestWorld,
  plan: Plan,
  { id, node }: PlannedSource,
  hasReceiver: boolean,
): Promise<FedNode> => {
  const { limits, deadLettersKeptMs } = plan.options
  const shared = { app: plan.name, store, clock, randomness, limits, deadLettersKeptMs }
  const intake = new Intake({ ...shared, source: id })
  if (!hasReceiver) return { source: id, declared: node.source, intake, sink: undefined }
  // A full lane throws at once: no batch makes room while the test waits.
  const signal = AbortSignal.abort()
  const noteAppend = (): void => undefined
  const sink = await superviseReceiver({
    intake,
    source: id,
    clock,
    listen,
    signal,
    appended: noteAppend,
  })
  return { source: id, declared: node.source, intake, sink }
}
