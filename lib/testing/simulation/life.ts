/** Everything that happens by itself: records and objects appear, clocks tick, and somebody puts right what waits for a person. */
import { resume } from '../../runtime/operate.ts'
import { blobName } from '../../adapters/blob-item-store.ts'
import type { Checkers } from './checkers/checkers.ts'
import type { SimulatedBucket } from './cloud/bucket.ts'
import { Environment } from './environment.ts'
import { simulatedClock, simulatedRandomness } from './ports/clock.ts'
import { simulatedItemStore } from './ports/item-store.ts'
import type { Storage } from './storage.ts'
import { type LifeParts, startTroubles } from './troubles.ts'

const MINUTE_MS = 60_000
const KEYS = ['a.txt', 'b c.txt', 'd+e.txt', 'f%20.txt', 'dir/ü.txt']

/** Work that is still to come. */
export interface Life {
  readonly isOver: () => boolean
}

export const startLife = (parts: LifeParts): Life => {
  const producers = parts.pipeline.streams.map((name) => produceRecords(parts, name))
  const uploaders = [...parts.truth.buckets.values()].map((bucket) => produceObjects(parts, bucket))
  startClock(parts)
  startTroubles(parts)
  startPerson(parts)
  return { isOver: () => [...producers, ...uploaders].every((isDone) => isDone()) }
}

/** Whoever is called at night: sends again what was put aside, restores blocks that are missed, and resumes what has failed. */
const startPerson = ({ platform, checkers, world, storage, app, sightings }: LifeParts): void => {
  const person = new Environment('person', platform.deployment)
  const call = <T>({ effect }: { readonly effect: () => Promise<T> }): Promise<T> => effect()
  const store = simulatedItemStore({ store: storage.items, observer: checkers, world, environment: person, call })
  world.every(20_000, MINUTE_MS, () => {
    platform.hints.redrive()
    const head = checkers.mirror.head()
    if (head?.status !== 'failed') return
    sightings.see('an application resumed')
    world.log(() => `it stands as FAILED (${head.reason?.code}), and a person resumes it`)
    const restored = head.reason?.code === 'DATA_LOST' ? restoreBlocks(storage, checkers) : Promise.resolve()
    const operated = { store, app, clock: simulatedClock(world, person), randomness: simulatedRandomness(world, person) }
    void restored.then(() => resume(operated)).catch(() => undefined)
  })
}

/** From a backup of the table. */
const restoreBlocks = async (storage: Storage, { mirror }: Checkers): Promise<void> => {
  for (const [key, item, bytes] of mirror.restore()) {
    if (bytes !== undefined) await storage.blobs.put(blobName(key), bytes)
    await storage.items.put(key, item)
  }
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
