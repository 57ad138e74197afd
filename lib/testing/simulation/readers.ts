/**
 * Who reads the state from outside, beside everything else. A reader is slow now and then: batches
 * overtake it. It meets no faults, and draws from a generator of its own, so the rest of the world
 * is as it would be without readers.
 */
import { withBlobs } from '../../adapters/blob-item-store.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { StateEntry } from '../../runtime/state/state-partition-reader.ts'
import { StateView } from '../../runtime/state/state-view.ts'
import { textOfEntries } from './checkers/reader-checker.ts'
import { keyedIn } from './same-import.ts'
import type { LifeParts } from './troubles.ts'
import type { World } from './world.ts'

/** The longest pause of a slow reader before it reads an item: several batches long. */
const SLOW_MS = 8_000

/** Starts readers, one after another. */
export const startReaders = (parts: LifeParts): void => {
  const { world } = parts
  world.after(world.reading.between(1_000, 6_000), () => {
    void readOnce(parts)
    startReaders(parts)
  })
}

const readOnce = async ({ world, storage, app, checkers, sightings }: LifeParts): Promise<void> => {
  const { reading } = world
  const ref = checkers.mirror.head()?.manifest
  const manifest = ref && checkers.mirror.manifest(ref)
  const ids = manifest === undefined ? [] : keyedIn(manifest)
  if (manifest === undefined || ids.length === 0) return
  const id = reading.pick(ids)
  const slowMs = reading.chance(0.5) ? SLOW_MS : 20
  const items = { ...storage.items, get: slowly(world, slowMs, storage.items) }
  const store = withBlobs(items, storage.blobs, { aboveBytes: storage.blobAboveBytes })
  const clock = { now: () => world.clockMs, sleep: (ms: number) => pause(world, ms) }
  try {
    const view = await StateView.open({ store, app, clock }, id)
    const openedMs = view.timeMs
    const { timeMs, entries } = await view.readAll()
    const shown: StateEntry[] = []
    for await (const entry of entries) shown.push(entry)
    if (timeMs > openedMs) sightings.see('a reader of state overtaken by batches')
    checkers.readers.read(id, manifest.timeMs, timeMs, textOfEntries(shown))
  } catch (error) {
    checkers.readers.failed(id, manifest.timeMs, error)
  }
}

/** Reads an item after a pause. */
const slowly =
  (world: World, slowMs: number, items: ItemStore): ItemStore['get'] =>
  async (key) => {
    await pause(world, world.reading.between(0, slowMs))
    return items.get(key)
  }

const pause = (world: World, durationMs: number): Promise<void> =>
  new Promise((resolve) => world.after(durationMs, resolve))
