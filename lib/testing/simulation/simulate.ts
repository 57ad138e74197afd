import { memoryItemStore } from '../../adapters/memory/memory-item-store.ts'
import { memoryOutputFiles } from '../../adapters/memory/memory-output-files.ts'
import { Checkers, type Violation } from './checkers.ts'
import { type FaultKind, Faults } from './faults.ts'
import { Feeder, Platform } from './platform.ts'
import type { Shared } from './simulated-ports.ts'
import { randomLine, simulatedPlan } from './word-model.ts'
import { World } from './world.ts'

/** How to run a seed. */
export interface SimulateOptions {
  /** Keeps a readable trace. Default false. */
  readonly trace?: boolean
}

/** What came of a seed. */
export interface SimulationResult {
  readonly seed: number
  /** The first promise that was broken; undefined: all were kept. */
  readonly violation: Violation | undefined
  /** The faults that were switched on. */
  readonly faults: readonly FaultKind[]
  readonly batches: number
  readonly records: number
  readonly trace: readonly string[]
}

/** How long faults go on, and within what time the world must be done after they have stopped. */
const STORMY_MS = 90_000
const RECOVERY_MS = 15 * 60_000
/** Longer than anything stands still: zombies come back into a world that has long gone on. */
const AFTERMATH_MS = 75_000

/**
 * Runs the real runtime through a world drawn from a seed: processes that crash, stand still and come back, calls that fail or whose answer
 * is lost, deliveries that repeat and overlap, clocks that jump, deployments. Every promise of the batch protocol is checked at every
 * write; at the end every total must be exact. The same seed gives the same run.
 *
 * @example
 * ```ts
 * const { violation } = await simulate(42)
 * if (violation !== undefined) console.log(violation.checker, violation.what)
 * ```
 */
export const simulate = async (seed: number, { trace = false }: SimulateOptions = {}): Promise<SimulationResult> => {
  const world = new World(seed, { trace })
  const { random } = world
  const faults = new Faults(random.fork())
  const plan = simulatedPlan()
  const files = memoryOutputFiles()
  const lines = new Map(Array.from({ length: random.between(1, 3) }, (_, index) => [`lane-${index}`, [] as string[]]))
  const checkers = new Checkers({ lines, files: () => files.files(), intervalMs: plan.options.intervalMs })
  const shared: Shared = {
    world,
    faults,
    store: memoryItemStore({ itemBytesMax: random.pick([8_192, 409_600]) }),
    writeParts: files.writeParts.bind(files),
    observer: checkers,
  }
  const platform = new Platform(shared, checkers, plan)
  const feeders = [...lines].map(([lane, available]) => {
    const all = Array.from({ length: random.between(5, 60) }, () => randomLine(random))
    return new Feeder(lane, all, available, world, platform)
  })
  startLife(shared, platform, feeders)

  const isBroken = (): boolean => {
    if (platform.outstanding === 0) checkers.quiet()
    return checkers.violations.length > 0
  }
  await world.run(isBroken, STORMY_MS)
  faults.active = false
  const isFinished = (): boolean =>
    isBroken() || (feeders.every((feeder) => feeder.isDone) && isConsumed(checkers) && checkers.mirror.head()?.status === 'rest')
  const recovered = (await world.run(isFinished, RECOVERY_MS)) && !isBroken()
  if (recovered) await world.run(isBroken, AFTERMATH_MS)
  if (recovered) checkers.finished()
  if (!isFinished()) checkers.fail('progress', `without faults the world is not done in time: ${JSON.stringify(checkers.mirror.head())}`)

  const batches = [...files.files().keys()].filter((name) => name.startsWith('totals-') && name.endsWith('/_SUCCESS')).length
  const records = [...lines.values()].reduce((total, sent) => total + sent.length, 0)
  return { seed, violation: checkers.violations[0], faults: [...faults.kinds], batches, records, trace: world.trace ?? [] }
}

const isConsumed = ({ mirror }: Checkers): boolean => {
  const cuts = mirror.head()?.cuts ?? {}
  return mirror.lanes().every(({ source, lane, tail }) => cuts[source]?.[lane] === tail)
}

/** Everything that happens by itself: records appear, clocks tick, deliveries repeat, deployments come. */
const startLife = ({ world, faults }: Shared, platform: Platform, feeders: readonly Feeder[]): void => {
  const { random } = world
  const every = (fromMs: number, toMs: number, happen: () => void): void => {
    world.after(random.between(fromMs, toMs), () => {
      happen()
      every(fromMs, toMs, happen)
    })
  }
  for (const feeder of feeders) {
    every(300, 4_000, () => feeder.produce())
    every(5_000, 15_000, () => {
      if (faults.has('redelivery')) feeder.redeliver()
    })
  }
  let pausedUntilMs = 0
  every(800, 1_400, () => {
    if (faults.strikes('pause', 2)) pausedUntilMs = world.nowMs + random.between(2_000, 30_000)
    if (world.nowMs >= pausedUntilMs || !faults.active) platform.tick()
  })
  every(10_000, 60_000, () => {
    if (faults.has('deployment')) platform.deploy()
  })
}
