/**
 * One process of an application under test: all that a restart throws away. What outlives it is in the {@link TestWorld}.
 */
import type { MemoryOutputFiles } from '../../adapters/memory/memory-output-files.ts'
import type { Plan, Planned } from '../../dstream/plan.ts'
import type { SourceNode } from '../../dstream/plan-node.ts'
import { sourceName } from '../../dstream/source-declaration.ts'
import type { Pipeline } from '../../dstream/stream.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Randomness } from '../../ports/randomness.ts'
import { Driver } from '../../runtime/driver/driver.ts'
import type { Listener } from '../../runtime/events.ts'
import { superviseReceiver } from '../../runtime/intake/receiver-supervisor.ts'
import { Intake } from '../../runtime/intake/intake.ts'
import { parseNamedUri } from '../../runtime/locations.ts'
import type { SourceReader } from '../../runtime/sources/source-reader.ts'
import { lanesReader } from '../../runtime/sources/lanes/reader.ts'
import { filesReader } from '../../runtime/sources/files/reader.ts'
import { queueReader } from '../../runtime/sources/queue/reader.ts'
import { HeadStore } from '../../state/head.ts'
import { type Observation, observedPlan } from './observed-plan.ts'
import type { Feeder, TestInput } from './test-input.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** What outlives a process: the store, the files, the time. */
export interface TestWorld {
  readonly store: ItemStore
  readonly files: MemoryOutputFiles
  readonly clock: VirtualClock
  readonly randomness: Randomness
  /** Everything that feeds the sources of this name, made when it is first asked for. */
  readonly input: (name: string, kind: Feeder['kind']) => TestInput
  readonly listen: Listener
}

/** A process that runs. */
export interface Image {
  readonly plan: Plan
  readonly driver: Driver
  /** What feeds the sources, by the names that tests use for them. */
  readonly feeders: ReadonlyMap<string, readonly Feeder[]>
}

/** By which name a test speaks of a source. */
const nameOf = ({ id, node }: Planned<SourceNode>): string => sourceName(id, node.source)

const kindOf = ({ node: { kind, source } }: Planned<SourceNode>): Feeder['kind'] => {
  if (source.from === 'text') return kind === 'socketTextStream' ? 'socket' : 'files'
  return source.from
}

/** Starts a pipeline in a world: its function is called anew, and nothing is in memory. */
export const startImage = async (
  world: TestWorld,
  pipeline: Pipeline,
  observation: Observation,
): Promise<Image> => {
  const plan = observedPlan(pipeline.build(), observation)
  const { store, clock, randomness, files } = world
  const app = plan.name
  const heads = new HeadStore(store, app)
  const head = await heads.read()
  const process = randomness.attemptId()
  const runner = {
    plan,
    app,
    // As of a deployment: the same graph goes on, another one is newer.
    generation: head?.plan === plan.hash ? head.generation : (head?.generation ?? 0) + 1,
    store,
    heads,
    clock,
    randomness,
    sources: new Map(
      plan.sources.map((planned) => [planned.id, batchSourceOf(world, app, planned, process)]),
    ),
    outputs: {
      print: (): void => undefined,
      saveText: async (
        path: string,
        parts: readonly Uint8Array[],
        fence: Parameters<typeof files.writeParts>[2],
      ): Promise<void> => files.writeParts(treePath(path), parts, fence),
    },
    listen: world.listen,
    leaseMs: 0,
  }
  const feeders = await Promise.all(plan.sources.map((planned) => feederOf(world, plan, planned)))
  return {
    plan,
    driver: new Driver(runner),
    feeders: Map.groupBy(feeders, ({ planned }) => nameOf(planned)),
  }
}

/** Where an output lies in the tree of files of a test: a bucket is a directory, and so is a root. */
export const treePath = (path: string): string => {
  const object = parseNamedUri(path)
  return object === undefined ? path.replace(/^\.?\/+/, '') : `${object.bucket}/${object.rest}`
}

const batchSourceOf = (
  { store, input, listen }: TestWorld,
  app: string,
  planned: Planned<SourceNode>,
  process: string,
): SourceReader => {
  const { id, node } = planned
  if (node.source.from === 'queue') return queueReader(node.source, process) as SourceReader
  const kind = kindOf(planned)
  if (kind !== 'files' || !('files' in node.source))
    return lanesReader({ store, app, source: id }) as SourceReader
  const { objects } = input(nameOf(planned), kind)
  return filesReader({
    store,
    app,
    source: id,
    objects,
    selection: node.source.files,
    report: listen,
  }) as SourceReader
}

const feederOf = async (
  world: TestWorld,
  plan: Plan,
  planned: Planned<SourceNode>,
): Promise<Feeder> => {
  const { store, clock, randomness, listen } = world
  const { id, node } = planned
  const kind = kindOf(planned)
  world.input(nameOf(planned), kind)
  if (node.source.from === 'queue') return { kind: 'queue', planned, queue: node.source.queue }
  const intake = new Intake({
    app: plan.name,
    source: id,
    store,
    clock,
    randomness,
    limits: plan.options.limits,
  })
  if (kind !== 'socket' && kind !== 'receiver')
    return kind === 'kinesis' ? { kind, planned, intake } : { kind: 'files', planned }
  // A lane that is full is thrown at once: nobody makes room while the test waits.
  const signal = AbortSignal.abort()
  return {
    kind,
    planned,
    sink: await superviseReceiver({
      intake,
      source: id,
      clock,
      listen,
      signal,
      appended: () => undefined,
    }),
  }
}
