/** Everything that happens by itself: records and objects appear, clocks tick, and somebody puts right what waits for a person. */
import { resume } from '../../runtime/operate.ts'
import { blobName } from '../../adapters/blob-item-store.ts'
import type { Checkers } from './checkers/checkers.ts'
import type { SimulatedBucket } from './cloud/bucket.ts'
import { Environment } from './environment.ts'
import { simulatedClock } from './ports/clock.ts'
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
    void restored.then(() => resume({ store, app, clock: simulatedClock(world, person) })).catch(() => undefined)
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
    // Mostly a few, now and then a burst.
    const most = world.random.chance(0.07) ? 40 : 6
    for (let left = world.random.between(1, most); left > 0 && put < records; left--) {
      const line = pipeline.line(world.random, put)
      const [shard, record] = mapping.stream.put(line.split(' ')[0] as string, line, world.nowMs)
      truth.put(mapping.stream, shard, record)
      put += 1
    }
    mapping.poll()
  })
  return () => put >= records
}

const produceObjects = (parts: LifeParts, bucket: SimulatedBucket): (() => boolean) => {
  const { world, faults, sightings, pipeline, objects, checkers } = parts
  const { random } = world
  let put = 0
  const upload = (key: string): void => {
    // What lies there holds its own number, so that no two uploads are alike.
    const lines = [String(put), ...Array.from({ length: random.between(0, 5) }, () => pipeline.line(random, put))]
    bucket.put(key, lines, world.nowMs, random.chance(0.3) ? random.between(0, 20_000) : 0)
    put += 1
  }
  const meddle = (key: string): void => {
    if (faults.has('replacedObject') && put < objects && random.chance(0.5)) {
      sightings.see('replacedObject')
      upload(key)
    } else if (faults.has('lostObject') && random.chance(0.2)) {
      sightings.see('lostObject')
      bucket.delete(key, world.nowMs)
    }
  }
  world.every(500, 8_000, () => {
    if (put < objects) upload(`${put}-${random.pick(KEYS)}`)
  })
  world.every(1_000, 5_000, () => {
    const keys = bucket.keys()
    // Often what a batch in hand has still to read, or to read again.
    const inHand = keys.filter((key) => checkers.isInHand(key))
    if (keys.length > 0) meddle(random.pick(inHand.length > 0 && random.chance(0.7) ? inHand : keys))
  })
  return () => put >= objects
}

/** The schedule: each minute a tick, which may be left out or come twice. */
const startClock = ({ world, faults, platform, app }: LifeParts): void => {
  world.every(MINUTE_MS, MINUTE_MS, () => {
    const times = faults.strikes('strayClock', 10) ? world.random.pick([0, 2]) : 1
    for (let i = 0; i < times; i++) platform.ticks.send(JSON.stringify({ app, wind: true }))
  })
  // The application starts when its driver first runs: at once, or when there already is something.
  world.after(world.random.pick([0, 5_000, 20_000]), () => platform.ticks.send(JSON.stringify({ app, wind: true })))
}
