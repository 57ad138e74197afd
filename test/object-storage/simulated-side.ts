/** The simulated S3 as the bucket of a place, with the messages that S3 would send. */
import { basename } from 'node:path'
import { s3ObjectStore } from '../../lib/adapters/aws/s3-object-store.ts'
import { memoryItemStore } from '../../lib/adapters/memory/memory-item-store.ts'
import { type BucketSide, functionsPlace, type FunctionsWorld } from './functions-place.ts'
import type { Place } from './place.ts'
import type { Scenario } from './scenario.ts'
import { contentOf, SimulatedS3 } from './simulated-s3.ts'

const START_MS = 1_700_000_000_000

/** As in form fields, but slashes stay. */
const formEncode = (key: string): string =>
  encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/')

/** A world in which time passes when it is told to. */
export const virtualWorld = (): FunctionsWorld => {
  let nowMs = START_MS
  return {
    app: 'app',
    store: memoryItemStore(),
    now: () => nowMs,
    advance: (ms) => void (nowMs += ms),
  }
}

/** The bucket of a place. */
export const simulatedSide = (
  s3: SimulatedS3,
  now: () => number,
): BucketSide & { readonly tell: (key: string) => void } => {
  let sent: string[] = []
  const send = (eventName: string, key: string, versionId?: string): void => {
    const object = { key: formEncode(key), versionId }
    const eventTime = new Date(now() + s3.aheadMs).toISOString()
    const record = { eventName, eventTime, s3: { bucket: { name: s3.name }, object } }
    sent.push(JSON.stringify({ Records: [record] }))
  }
  const cannot = async (): Promise<never> => {
    throw new Error('nothing can be added to an object')
  }
  return {
    name: s3.name,
    tell: (key) => send('ObjectCreated:CompleteMultipartUpload', key),
    objects: s3ObjectStore({ bucket: s3.name, client: s3.client, now }),
    async put(
      key,
      { bytes = Buffer.from(`${basename(key)}\n`), ageMs = 0, isArchived = false } = {},
    ) {
      const isMultipart = ageMs > 0
      const how = { modifiedMs: now() - ageMs, isMultipart }
      const kind = isMultipart ? 'CompleteMultipartUpload' : 'Put'
      send(`ObjectCreated:${kind}`, key, s3.put(key, contentOf(bytes), how))
      if (isArchived) s3.archive(key)
    },
    copy: async (from, to) => send('ObjectCreated:Copy', to, s3.copy(from, to)),
    touch: async (key) => send('ObjectCreated:Copy', key, s3.copy(key, key)),
    append: cannot,
    async remove(key) {
      s3.remove(key)
      send(`ObjectRemoved:${s3.isVersioned ? 'DeleteMarkerCreated' : 'Delete'}`, key)
    },
    restore: async (key) => s3.restore(key),
    skew: async (aheadMs) => void (s3.aheadMs = aheadMs),
    async messages() {
      const all = sent
      sent = []
      return all
    },
    close: async () => undefined,
  }
}

/** Opens a simulated bucket with a pipeline. */
export const simulatedPlace = async (scenario: Scenario, isVersioned: boolean): Promise<Place> => {
  const world = virtualWorld()
  const s3 = new SimulatedS3(isVersioned, world.now)
  return functionsPlace(scenario, simulatedSide(s3, world.now), world)
}
