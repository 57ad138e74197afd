/**
 * Everything that happens by itself: records and objects arrive, the schedule sends triggers,
 * faults strike, and operators act.
 */
import { MALFORMED_MESSAGES, type SimulatedBucket, type UploadTimes } from './cloud/bucket.ts'
import { DAMAGED_FORMS } from './cloud/damaged.ts'
import type { SimulatedDirectory } from './cloud/directory.ts'
import type { Faults } from './faults.ts'
import { startOperators } from './operators.ts'
import { startReaders } from './readers.ts'
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
  startOperators(parts)
  startReaders(parts)
  const writers = [...parts.truth.directories.values()].map((one) => produceFiles(parts, one))
  return { isOver: () => [...producers, ...uploaders, ...writers].every((isDone) => isDone()) }
}

const produceRecords = (
  { world, pipeline, platform, truth, records }: LifeParts,
  name: string,
): (() => boolean) => {
  let put = 0
  world.every(300, 4_000, () => {
    const mapping = platform.mappings.findLast(({ stream }) => stream.name === name)
    if (mapping === undefined) return
    // Mostly a few, now and then a burst.
    const most = world.random.chance(0.1) ? 40 : 6
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
  const { world, faults, sightings, pipeline, platform, objects, checkers } = parts
  const { random } = world
  let put = 0
  const upload = (key: string): void => {
    // The content of an object has its own number, so no two uploads are alike.
    const lines = [
      String(put),
      ...Array.from({ length: random.between(0, 5) }, () => pipeline.line(random, put)),
    ]
    bucket.put(key, lines, {
      nowMs: world.nowMs,
      beganMsAgo: random.chance(0.3) ? random.between(0, 20_000) : 0,
      isLost: faults.strikes('lostNotification', 10),
      ...oddUpload(parts, bucket, key),
    })
    put += 1
  }
  const meddle = (key: string): void => {
    if (faults.has('replacedObject') && put < objects && random.chance(0.85)) {
      sightings.see('replacedObject')
      upload(key)
    } else if (faults.has('lostObject') && random.chance(0.2)) {
      sightings.see('lostObject')
      bucket.delete(key, world.nowMs)
    }
  }
  bucket.changeTaken = () => {
    const taken = checkers.keysInHand()
    const inHand = bucket.keys().filter((key) => taken.has(key))
    if (inHand.length === 0) return
    const key = faults.between.pick(inHand)
    if (put < objects) upload(key)
    else bucket.delete(key, world.nowMs)
  }
  if (faults.has('unannouncedObject')) {
    sightings.see('unannouncedObject')
    bucket.notifiesFromMs = world.nowMs + random.between(1, 20_000)
    for (let left = random.between(0, 4); left > 0 && put < objects; left--)
      upload(`${put}-${random.pick(KEYS)}`)
  }
  world.every(2_000, 20_000, () => {
    if (faults.strikes('malformedMessage', 30))
      platform.notifications.send(random.pick(MALFORMED_MESSAGES))
  })
  world.every(500, 8_000, () => {
    if (put < objects) upload(longer(faults, `${put}-${random.pick(KEYS)}`))
  })
  world.every(100, 800, () => {
    const keys = bucket.keys()
    // Mostly an object that the current batch still has to read, perhaps again.
    const taken = checkers.keysInHand()
    const inHand = keys.filter((key) => taken.has(key))
    if (inHand.length > 0) meddle(random.pick(inHand))
    else if (keys.length > 0 && random.chance(0.1)) meddle(random.pick(keys))
  })
  return () => put >= objects
}

/** The lengths of long keys: a sort key has no room for them beside its other parts. */
const LONG_KEY_BYTES = 900
const KEY_BYTES = [LONG_KEY_BYTES, 1_000, 1_024]
const LETTERS = ['k', 'ü', '鍵', '🗝']

/** Now and then a key is as long as a store allows. */
const longer = (faults: Faults, key: string): string => {
  if (!faults.strikesLater('longKey', 0.5)) return key
  const bytes = faults.later.pick(KEY_BYTES)
  const letter = faults.later.pick(LETTERS)
  const left = bytes - Buffer.byteLength(key)
  const letters = letter.repeat(Math.floor(left / Buffer.byteLength(letter)))
  const filled = letters + 'k'.repeat(left % Buffer.byteLength(letter))
  // What tells such keys apart stands at their ends.
  return `${filled}${key}`
}

/** So few are refused that it is not the rights of the application that are wrong. */
const REFUSED_MAX = 5

/** Now and then an object cannot be read, or a line of one with a long key is no text. */
const oddUpload = (
  { faults }: Pick<LifeParts, 'faults'>,
  { uploads }: SimulatedBucket,
  key: string,
): Partial<UploadTimes> => {
  if (faults.strikesLater('damagedObject', 0.25))
    return { damaged: faults.later.pick(DAMAGED_FORMS) }
  const refused = uploads.filter(({ unreadable }) => unreadable === 'refused').length
  if (refused < REFUSED_MAX && faults.strikesLater('refusedObject', 0.25))
    return { isRefused: true }
  const isLong = Buffer.byteLength(key) >= LONG_KEY_BYTES
  return isLong && faults.later.chance(0.5) ? { hasBadLine: true } : {}
}

const produceFiles = (
  { world, pipeline, objects }: LifeParts,
  directory: SimulatedDirectory,
): (() => boolean) => {
  const { random } = world
  let put = 0
  // Long gaps too: most of what can be lost is lost at rest.
  const next = (): void =>
    world.after(random.pick([random.between(200, 6_000), random.between(200, 40_000)]), () => {
      if (put >= objects) return
      const lines = Array.from({ length: random.between(0, 5) }, () => pipeline.line(random, put))
      directory.arrive(random, [String(put), ...lines], world.clockMs)
      put += 1
      next()
    })
  next()
  return () => put >= objects
}

/** The schedule: a trigger each minute, which may be left out or come twice. */
const startClock = ({ world, faults, platform, app }: LifeParts): void => {
  world.every(MINUTE_MS, MINUTE_MS, () => {
    const times = faults.strikes('strayTrigger', 10) ? world.random.pick([0, 2]) : 1
    for (let i = 0; i < times; i++)
      platform.triggers.send(JSON.stringify({ app, scheduleMinute: true }))
  })
  // The application starts when its driver first runs: at once, or when there already is something.
  world.after(world.random.pick([0, 5_000, 20_000]), () =>
    platform.triggers.send(JSON.stringify({ app, scheduleMinute: true })),
  )
}
