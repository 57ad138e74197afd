/**
 * Troubles that come from outside of the functions: streams split, deployments happen, blocks are
 * lost, days pass.
 */
import { segmentKeys } from '../../state/segments.ts'
import { blobName } from '../../adapters/blob-item-store.ts'
import type { CallWorld } from './calls.ts'
import type { Checkers } from './checkers/checkers.ts'
import { SimulatedStream } from './cloud/stream.ts'
import { isFitting, type PlanChange } from './environment.ts'
import type { SimulatedPipeline } from './pipelines/pipeline.ts'
import type { Platform } from './platform.ts'
import type { Storage } from './storage.ts'
import type { Truth } from './truth.ts'

/** The parts that live in a world. */
export interface LifeParts extends CallWorld {
  readonly app: string
  readonly pipeline: SimulatedPipeline
  readonly platform: Platform
  readonly checkers: Checkers
  readonly truth: Truth
  readonly storage: Storage
  /** How many records are put into each stream, and how many objects into each bucket. */
  readonly records: number
  readonly objects: number
}

const DAY_MS = 86_400_000
/** As many shards as one stream of a world ever has. */
const SHARDS_MAX = 40

export const startTroubles = (parts: LifeParts): void => {
  troubleStreams(parts)
  troubleFunctions(parts)
  troublePlans(parts)
  troubleStorage(parts)
  troubleClock(parts)
}

const troubleStreams = ({ world, faults, sightings, platform, truth }: LifeParts): void => {
  const { random } = world
  const someMapping = () => (platform.mappings.length === 0 ? undefined : platform.mappings.at(-1))
  const reshardOften = (): void => {
    if (!faults.kinds.has('manyReshardings')) return
    world.after(world.later.between(500, 6_000), () => {
      const stream = someMapping()?.stream
      if (stream !== undefined && stream.shards.length < SHARDS_MAX)
        if (faults.strikesLater('manyReshardings', 0.9)) stream.reshard()
      reshardOften()
    })
  }
  world.every(4_000, 15_000, () => {
    if (faults.strikes('lostCheckpoint', 15)) someMapping()?.loseCheckpoint()
    if (faults.strikes('lateInvocation', 15)) someMapping()?.deliverLate()
    if (faults.strikes('retention', 15)) someMapping()?.trim()
    if (faults.strikes('resharding', 10)) someMapping()?.stream.reshard()
  })
  reshardOften()
  world.every(20_000, 60_000, () => {
    const mapping = someMapping()
    if (mapping === undefined) return
    if (faults.strikes('recreatedMapping', 20)) {
      mapping.delete()
      platform.mappings.splice(platform.mappings.indexOf(mapping), 1)
      platform.map(mapping.stream)
    } else if (mapping.isDone && faults.has('recreatedStream') && random.chance(0.3)) {
      sightings.see('recreatedStream')
      const { name } = mapping.stream
      mapping.delete()
      const createdMs = new Map(platform.deployment.createdMs).set(name, world.nowMs)
      platform.replace({ createdMs })
      platform.mappings.splice(platform.mappings.indexOf(mapping), 1)
      const stream = new SimulatedStream(name, world.nowMs, random.between(1, 3), random.fork())
      truth.made(stream)
      platform.map(stream)
    }
  })
}

const troubleFunctions = ({ world, faults, sightings, platform, pipeline }: LifeParts): void => {
  const { random } = world
  world.every(10_000, 60_000, () => {
    if (!faults.has('deployment')) return
    sightings.see('deployment')
    platform.deploy(({ code }) => ({ code: code === 'a' ? 'b' : 'a' }))
  })
  world.every(20_000, 80_000, () => {
    if (pipeline.isPoison === undefined || !faults.has('brokenDeployment')) return
    sightings.see('brokenDeployment')
    const { code } = platform.deployment
    platform.deploy(() => ({ code: 'broken' }))
    world.after(random.between(2_000, 20_000), () =>
      platform.deploy(() => ({ code: code === 'broken' ? 'a' : code })),
    )
  })
  world.every(5_000, 20_000, () => {
    if (faults.strikes('pause', 25))
      platform.driver.pausedUntilMs =
        world.nowMs + random.between(2_000, random.pick([30_000, 90_000]))
  })
}

/**
 * Deployments whose plans differ: carried over, or refused until somebody deploys the plan before.
 * Some keep the generation that they replace, so that all of their processes are refused.
 */
const troublePlans = (parts: LifeParts): void => {
  const { world, sightings, platform } = parts
  const { random } = world
  world.every(10_000, 40_000, () => {
    const change = drawChange(parts)
    if (change === undefined) return
    sightings.see('changedPlan')
    const isKept = random.chance(0.3)
    if (isKept) platform.replace({ change })
    else platform.deploy(() => ({ change }))
    if (isFitting(change) && !isKept) return
    world.after(random.between(2_000, 20_000), () => platform.deploy(() => ({ change: 'none' })))
  })
}

/** Undefined: none now. A plan does not fit only while something is stored that it would lack. */
const drawChange = ({
  world,
  faults,
  platform,
  checkers,
  pipeline,
}: LifeParts): PlanChange | undefined => {
  if (!faults.has('changedPlan')) return undefined
  const manifest = checkers.mirror.manifest(checkers.mirror.head()?.manifest)
  const isStored = Object.keys(manifest?.inputs ?? {}).length > 0
  const hasWindows = Object.values(manifest?.states ?? {}).some(
    // A slower plan reads what waits for a file.
    ({ form, kind }) => form === 'panes' && kind !== 'rolled',
  )
  const isStoredAnew = platform.deployment.change === 'stored'
  return world.random.pick<PlanChange | undefined>([
    undefined,
    ...(pipeline.storesAnew === true
      ? [isStoredAnew ? ('none' as const) : ('stored' as const)]
      : []),
    // An operator may empty the state, or give a source up; then these would fit.
    ...(isStored && !faults.kinds.has('skipSource') ? (['renamed'] as const) : []),
    ...(hasWindows && !faults.kinds.has('reset') ? (['slower'] as const) : []),
  ])
}

const troubleStorage = (parts: LifeParts): void => {
  const { world, faults } = parts
  world.every(5_000, 30_000, () => expire(parts))
  world.every(4_000, 20_000, () => {
    if (faults.has('lostBlock') && world.random.chance(0.4)) loseBlock(parts)
  })
  world.every(20_000, 60_000, () => {
    if (faults.strikes('days', 15)) world.leap(world.random.between(1, 9) * DAY_MS)
  })
}

/**
 * A block of a stream that no batch has used is gone from the store, as when an operator empties a
 * bucket by hand.
 */
const loseBlock = ({ world, sightings, checkers, truth, storage, app }: LifeParts): void => {
  const { mirror } = checkers
  const blocks = mirror
    .waitingBlocks()
    .filter(({ lane, ref }) => truth.lanes.has(lane) && !mirror.isLost(ref))
  if (blocks.length === 0) return
  const { ref } = world.random.pick(blocks)
  sightings.see('lostBlock')
  world.log(() => `the block ${ref.node} at ${ref.at} is lost`)
  mirror.lose(ref)
  const keys = segmentKeys(app, ref)
  void storage.items.deleteAll(keys).then(() => storage.blobs.deleteAll(keys.map(blobName)))
}

/** Deletes some of the expired items; the others stay until later. */
const expire = ({ world, storage, checkers }: LifeParts): void => {
  for (const [key, ttl] of checkers.mirror.expiring()) {
    if (ttl * 1_000 > world.nowMs || !world.random.chance(0.3)) continue
    void storage.items.get(key).then(async (before) => {
      if (before === undefined) return
      await storage.items.deleteAll([key])
      checkers.stored({ environment: undefined, key, before, after: undefined })
    })
  }
}

/** By how much the clock of a machine is ahead: less than a lease, a pause, a window, or hours. */
const AHEAD_MS = [5_000, 60_000, 600_000, 7_200_000, DAY_MS]

/**
 * The clock of the machine goes ahead for a while and is set back: that of all processes, of the
 * table and of the files, as on a laptop. A bucket has a clock of its own.
 */
const troubleClock = ({ world, faults, sightings, pipeline, checkers }: LifeParts): void => {
  if (!faults.kinds.has('clockSetBack') || pipeline.buckets.length > 0) return
  const { later } = world
  const fromMs = later.between(1_000, 40_000)
  world.after(fromMs, () => {
    // A key that times out at rest waits until the clock has caught up.
    const most = pipeline.restsUntilTimer === true ? 600_000 : Infinity
    if (faults.active) world.clockAheadMs = later.pick(AHEAD_MS.filter((ms) => ms <= most))
  })
  world.after(fromMs + later.between(2_000, 45_000), () => {
    if (world.clockAheadMs === 0) return
    sightings.see('clockSetBack')
    world.log(() => `the clock is set back by ${world.clockAheadMs} ms`)
    world.setClockBack()
    checkers.retries.clockSetBack()
    checkers.leases.clockSetBack()
  })
}
