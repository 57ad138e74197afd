import { sourceName } from '../../dstream/sources/declaration.ts'
import { minutes, seconds } from '../../base/duration.ts'
import type { Plan } from '../../dstream/plan.ts'
import { stream } from '../../dstream/stream.ts'
import { buildFor, renameSources } from './builds.ts'
import type { CallWorld } from './calls.ts'
import { Checkers } from './checkers/checkers.ts'
import type { Violation } from './checkers/violations.ts'
import { SimulatedBucket } from './cloud/bucket.ts'
import { SimulatedDirectory } from './cloud/directory.ts'
import type { SimulatedQueue } from './cloud/queue.ts'
import type { Environment } from './environment.ts'
import { type FaultKind, Faults } from './faults.ts'
import { startLife } from './life.ts'
import { laterPipelines, pipelines, slotsOf } from './pipelines/index.ts'
import type { SimulatedPipeline } from './pipelines/pipeline.ts'
import { Platform } from './platform.ts'
import { type SightingCounts, Sightings } from './sightings.ts'
import { drawStorage, type Storage } from './storage.ts'
import { Truth } from './truth.ts'
import { World } from './world.ts'

/** How to run a seed. */
export interface SimulateOptions {
  /** Keeps a readable trace. Default false. */
  readonly trace?: boolean
  /** Faults to leave out though the seed has them on. Default none. */
  readonly without?: readonly FaultKind[]
  /** The share of the workload to run, from 0 to 1. Default 1. */
  readonly workload?: number
  /** The name of the pipeline to run instead of the one that the seed draws. */
  readonly pipeline?: string
}

/** The result of a seed. */
export interface SimulationResult {
  readonly seed: number
  readonly pipeline: string
  /** The first promise that was broken. Undefined: none was. */
  readonly violation: Violation | undefined
  /** The faults that were switched on. */
  readonly faults: readonly FaultKind[]
  /** How often each fault struck and each recovery took place. */
  readonly sightings: SightingCounts
  readonly batches: number
  readonly records: number
  readonly trace: readonly string[]
}

const APP = 'simulated'
/** How long faults go on, and the time within which the world must be done afterwards. */
const STORMY_MS = 90_000
/** A bucket whose notifications took effect late is listed after a quarter of an hour. */
const RECOVERY_MS = 20 * 60_000
/** Longer than any process stands still: zombies come back long after their leases. */
const AFTERMATH_MS = 75_000
const CLOCKS_OFF_MS = 3 * 86_400_000
/** The errors that faults may cause in a batch or an invocation. */
const EXPECTED = [
  'DATA_LOST',
  'INPUT_CHANGED',
  'STORE_FAILED',
  'OBJECT_UNREADABLE',
  'STREAM_UNREADABLE',
  'OUTPUT_FAILED',
  'OUTPUT_FENCED',
  'LANE_FULL',
  'PLAN_INCOMPATIBLE',
  'SOURCE_UNKNOWN',
  'USER_FUNCTION_FAILED',
  'POISON_BREAKER',
  'BROADCAST_FAILED',
]
/** Half of the worlds have executors. In the others, the driver does all tasks itself. */
const WITH_EXECUTORS = 0.5
const EXECUTORS = 2

/** In half of the worlds, intake combines the records of each append, if its plan lets it. */
const WITH_SOURCE_STAGE = 0.5

interface Scene {
  readonly calls: CallWorld
  readonly storage: Storage
  readonly pipeline: SimulatedPipeline
  /** How many executors each process of the driver has. */
  readonly executors: number
  /** Whether intake combines records, wherever it can. */
  readonly combines: boolean
  readonly planFor: (environment: Environment | undefined) => Plan
}

/**
 * Runs the real functions of an application through a world drawn from a seed: streams, buckets,
 * queues, a table and processes as they are on AWS, with all their faults; see
 * docs/internals/simulation.md. Every promise of the batch protocol is checked at every write; at
 * the end everything must be there exactly once. The same seed gives the same run.
 *
 * @example
 * ```ts
 * const { violation } = await simulate(42)
 * if (violation !== undefined) console.log(violation.checker, violation.what)
 * ```
 */
export const simulate = async (
  seed: number,
  options: SimulateOptions = {},
): Promise<SimulationResult> => {
  const scene = drawScene(seed, options)
  const { calls, pipeline } = scene
  const parts = buildScene(scene)
  await runToEnd(scene, parts, options.workload ?? 1)
  const { checkers, truth } = parts
  return {
    seed,
    pipeline: pipeline.name,
    violation: checkers.violations.violations[0],
    faults: [...calls.faults.kinds],
    sightings: calls.sightings.counts(),
    batches: checkers.batches,
    records: truth.records,
    trace: calls.world.trace ?? [],
  }
}

/** The parts of a scene's world. */
interface SceneParts {
  readonly truth: Truth
  readonly checkers: Checkers
  readonly platform: Platform
}

const buildScene = ({
  calls,
  storage,
  pipeline,
  executors,
  combines,
  planFor,
}: Scene): SceneParts => {
  const { world, sightings } = calls
  const plan = planFor(undefined)
  // The platform is made with the buckets, and they send it notifications of their objects.
  const notifications = (): SimulatedQueue => platform.notifications
  const buckets = new Map(
    pipeline.buckets.map((name) => [
      name,
      new SimulatedBucket(name, world.random.chance(0.3), {
        send: (body) => notifications().send(body),
        pick: (all) => world.random.pick(all),
      }),
    ]),
  )
  const directories = new Map(
    (pipeline.directories ?? []).map((name) => [name, new SimulatedDirectory(name)]),
  )
  const truth = new Truth(
    new Map(plan.sources.map(({ id, node: { source } }) => [id, sourceName(id, source)])),
    buckets,
    directories,
  )
  const checkers = new Checkers({ world, plan, pipeline, truth, storage, sightings })
  const platform = new Platform({
    ...calls,
    app: APP,
    storage,
    checkers,
    buckets,
    directories,
    executors,
    combines,
    streams: pipeline.streams,
    plan: planFor,
    expected: EXPECTED,
  })
  for (const { stream: made } of platform.mappings) truth.made(made)
  return { truth, checkers, platform }
}

/** Runs the world with faults, then without faults until everything is done, and a while longer. */
const runToEnd = async (
  { calls, storage, pipeline }: Scene,
  { truth, checkers, platform }: SceneParts,
  share: number,
): Promise<void> => {
  const { world, faults } = calls
  const life = startLife({
    ...calls,
    app: APP,
    pipeline,
    platform,
    checkers,
    truth,
    storage,
    records: Math.ceil(world.random.between(10, 150) * share),
    objects: Math.ceil(world.random.between(3, 25) * share),
  })
  const { violations } = checkers.violations
  const isBroken = (): boolean => {
    if (platform.isQuiet) checkers.quiet()
    return violations.length > 0
  }
  const isFinished = (): boolean =>
    isBroken() ||
    (life.isOver() &&
      platform.isTakenIn &&
      checkers.isConsumed &&
      checkers.deadLetters.isSettled &&
      checkers.mirror.head()?.status === 'rest')
  await world.run(isBroken, STORMY_MS * share)
  faults.active = false
  const recovered = (await world.run(isFinished, RECOVERY_MS)) && !isBroken()
  if (recovered) await world.run(isBroken, AFTERMATH_MS)
  // A zombie may have woken the head at the last moment: the head needs the time to rest again.
  const isDone = recovered && (await world.run(isFinished, RECOVERY_MS))
  if (isDone) checkers.finished()
  // No clock is further from that of the world.
  const [fromMs, toMs] = [world.startMs - CLOCKS_OFF_MS, world.clockMs + CLOCKS_OFF_MS]
  if (isDone) await checkers.deadLetters.listed(storage.items, { fromMs, toMs })
  if (isDone && isFinished()) return
  checkers.unfinished()
  checkers.violations.fail(
    'progress',
    `without faults the world is not done in time: ${JSON.stringify(checkers.mirror.head())}`,
  )
}

/** Shorter than a user may set it: a world has a few minutes. Most worlds keep nothing. */
const KEPT_FOR_REPLAY_MS = [0, 0, 0, 0, 0, 0, 8_000, 60_000]

const pipelineNamed = (name: string): SimulatedPipeline => {
  const all = [...pipelines, ...laterPipelines]
  const found = all.find((one) => one.name === name)
  if (found !== undefined) return found
  throw new Error(`There is no pipeline ${name}, but ${all.map((one) => one.name).join(', ')}`)
}

const drawScene = (
  seed: number,
  { trace = false, without = [], pipeline: name }: SimulateOptions,
): Scene => {
  const world = new World(seed, { trace })
  const sightings = new Sightings()
  const executors = world.spreading.chance(WITH_EXECUTORS) ? EXECUTORS : 0
  const faults = new Faults(world.random.fork(), sightings, {
    without,
    spreading: world.spreading,
    between: world.between,
    handing: world.handing,
    hasExecutors: executors > 0,
    later: world.later,
    newest: world.reading,
  })
  const calls: CallWorld = { world, faults, sightings }
  const storage = drawStorage(world.random)
  // Objects and bad records have faults of their own, which other pipelines do not meet.
  const often = pipelines.filter(
    ({ buckets, isPoison }) => buckets.length > 0 || isPoison !== undefined,
  )
  const drawn = world.random.pick([...pipelines, ...often])
  const later = world.pipelines.pick(slotsOf(drawn))
  const pipeline = name === undefined ? later : pipelineNamed(name)
  const settings = {
    batchInterval: seconds(world.random.pick([1, 2, 5])),
    // Short, so that an application becomes FAILED within the time of a world.
    retry: { for: seconds(world.random.pick([15, 60])), attempts: world.random.pick([3, 8]) },
    onDataLoss: world.random.pick(['halt', 'skip'] as const),
    poison: world.random.pick([{ records: 10, share: 0.01 }, {}]),
    limits: {
      records: world.random.pick([8, 24, 1_000]),
      objects: world.random.pick([2, 100]),
      waiting: world.later.pick([4, 1_000]),
      growth: world.limits.pick([1, 1, 4, 1_000]),
    },
  }
  const keptForReplayMs = world.replaying.pick(KEPT_FOR_REPLAY_MS)
  const planFor = (environment: Environment | undefined): Plan => {
    const build = buildFor(APP, calls, storage, environment)
    const batchInterval = settings.batchInterval.times(build.change === 'slower' ? 3 : 1)
    const replays = keptForReplayMs === 0 ? {} : { keepForReplay: minutes(1) }
    const plan = stream(APP, { ...settings, ...replays, batchInterval }, (ssc) => {
      if (build.change === 'renamed') renameSources(ssc)
      pipeline.describe(ssc, build)
    }).build()
    return { ...plan, options: { ...plan.options, keptForReplayMs } }
  }
  const combines = world.combining.chance(WITH_SOURCE_STAGE)
  return { calls, storage, pipeline, executors, combines, planFor }
}
