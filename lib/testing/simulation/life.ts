/** Everything that happens by itself: records and objects appear, clocks tick, deployments come, streams split, people put things right. */
import { resume } from '../../runtime/operate.ts'
import type { CallWorld } from './calls.ts'
import type { Checkers } from './checkers/checkers.ts'
import type { SimulatedBucket } from './cloud/bucket.ts'
import { SimulatedStream } from './cloud/stream.ts'
import { Environment } from './environment.ts'
import type { SimulatedPipeline } from './pipelines/pipeline.ts'
import type { Platform } from './platform.ts'
import { simulatedClock, simulatedRandomness } from './ports/clock.ts'
import { simulatedItemStore } from './ports/item-store.ts'
import type { Storage } from './storage.ts'
import type { Truth } from './truth.ts'

/** What goes on in a world. */
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

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const KEYS = ['a.txt', 'b c.txt', 'd+e.txt', 'f%20.txt', 'dir/ü.txt']

/** Work that is still to come. */
export interface Life {
  readonly isOver: () => boolean
}

export const startLife = (parts: LifeParts): Life => {
  const { platform, checkers, world, storage } = parts
  const producers = parts.pipeline.streams.map((name) => produceRecords(parts, name))
  const uploaders = [...parts.truth.buckets.values()].map((bucket) => produceObjects(parts, bucket))
  startClock(parts)
  troubleStreams(parts)
  troubleFunctions(parts)
  world.every(5_000, 30_000, () => expire(parts))
  // Whoever is called at night: sends again what was put aside, and resumes what has failed.
  const person = new Environment('person', platform.deployment)
  const call = <T>({ effect }: { readonly effect: () => Promise<T> }): Promise<T> => effect()
  const store = simulatedItemStore({ store: storage.items, observer: checkers, world, environment: person, call })
  world.every(20_000, MINUTE_MS, () => {
    platform.hints.redrive()
    if (checkers.mirror.head()?.status !== 'failed') return
    const clock = simulatedClock(world, person)
    void resume({ store, app: parts.app, clock, randomness: simulatedRandomness(world, person) }).catch(() => undefined)
  })
  return { isOver: () => [...producers, ...uploaders].every((isDone) => isDone()) }
}

const produceRecords = ({ world, pipeline, platform, truth, records }: LifeParts, name: string): (() => boolean) => {
  let put = 0
  world.every(300, 4_000, () => {
    const mapping = platform.mappings.findLast(({ stream }) => stream.name === name)
    if (mapping === undefined) return
    for (let left = world.random.between(1, 6); left > 0 && put < records; left--) {
      const line = pipeline.line(world.random, put)
      const [shard, record] = mapping.stream.put(line.split(' ')[0] as string, line, world.nowMs)
      truth.put(mapping.stream, shard, record)
      put += 1
    }
    mapping.poll()
  })
  return () => put >= records
}

const produceObjects = ({ world, faults, sightings, pipeline, objects }: LifeParts, bucket: SimulatedBucket): (() => boolean) => {
  const { random } = world
  let put = 0
  world.every(500, 8_000, () => {
    if (put >= objects) return
    const isOld = faults.has('replacedObject') && random.chance(0.3)
    const taken = bucket.keys()
    if (isOld && taken.length > 0) sightings.see('replacedObject')
    // What lies there holds its own number, so that no two uploads are alike.
    const lines = [String(put), ...Array.from({ length: random.between(0, 5) }, () => pipeline.line(random, put))]
    const key = isOld && taken.length > 0 ? random.pick(taken) : `${put}-${random.pick(KEYS)}`
    bucket.put(key, lines, world.nowMs, random.chance(0.3) ? random.between(0, 20_000) : 0)
    put += 1
  })
  world.every(5_000, 20_000, () => {
    const keys = bucket.keys()
    if (keys.length > 0 && faults.strikes('lostObject', 10)) bucket.delete(random.pick(keys), world.nowMs)
  })
  return () => put >= objects
}

/** The schedule: each minute a tick, which may be left out or come twice. */
const startClock = ({ world, faults, platform, app }: LifeParts): void => {
  world.every(MINUTE_MS, MINUTE_MS, () => {
    const times = faults.strikes('strayClock', 10) ? world.random.pick([0, 2]) : 1
    for (let i = 0; i < times; i++) platform.ticks.send(JSON.stringify({ app, wind: true }))
  })
  platform.ticks.send(JSON.stringify({ app, wind: true }))
}

const troubleStreams = ({ world, faults, sightings, platform, pipeline }: LifeParts): void => {
  const { random } = world
  const someMapping = () => (platform.mappings.length === 0 ? undefined : platform.mappings.at(-1))
  world.every(4_000, 15_000, () => {
    if (faults.strikes('lostCheckpoint', 15)) someMapping()?.loseCheckpoint()
    if (faults.strikes('lateInvocation', 15)) someMapping()?.deliverLate()
    if (faults.strikes('retention', 15)) someMapping()?.trim()
    if (pipeline.keepsShards !== true && faults.strikes('resharding', 10)) someMapping()?.stream.reshard()
  })
  world.every(20_000, 60_000, () => {
    const mapping = someMapping()
    if (mapping === undefined) return
    if (faults.strikes('mappingAnew', 20)) {
      mapping.delete()
      platform.mappings.splice(platform.mappings.indexOf(mapping), 1)
      platform.map(mapping.stream)
    } else if (mapping.isDone && faults.has('streamAnew') && random.chance(0.3)) {
      sightings.see('streamAnew')
      const { name } = mapping.stream
      mapping.delete()
      const createdMs = new Map(platform.deployment.createdMs).set(name, world.nowMs)
      platform.deploy(platform.deployment.code, { createdMs })
      platform.mappings.splice(platform.mappings.indexOf(mapping), 1)
      platform.map(new SimulatedStream(name, world.nowMs, random.between(1, 3), random.fork()))
    }
  })
}

const troubleFunctions = ({ world, faults, sightings, platform, pipeline }: LifeParts): void => {
  const { random } = world
  world.every(10_000, 60_000, () => {
    if (!faults.has('deployment')) return
    sightings.see('deployment')
    platform.deploy(platform.deployment.code === 'a' ? 'b' : 'a')
  })
  world.every(20_000, 80_000, () => {
    if (pipeline.isPoison === undefined || !faults.has('brokenDeployment')) return
    sightings.see('brokenDeployment')
    const { code } = platform.deployment
    platform.deploy('broken')
    world.after(random.between(2_000, 20_000), () => platform.deploy(code))
  })
  world.every(5_000, 20_000, () => {
    if (faults.strikes('pause', 10)) platform.driver.pausedUntilMs = world.nowMs + random.between(2_000, 30_000)
  })
  world.every(30_000, 120_000, () => {
    if (faults.strikes('days', 10)) world.leap(random.between(1, 9) * DAY_MS)
  })
}

/** What has expired goes at some time, or lingers on for two days. */
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
