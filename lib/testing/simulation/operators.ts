/**
 * What persons do: they send again what was put aside, restore what is missed, resume what has
 * failed, and give records back.
 */
import { blobName } from '../../adapters/blob-item-store.ts'
import { resume } from '../../runtime/operations/resume.ts'
import type { Checkers } from './checkers/checkers.ts'
import { Environment } from './environment.ts'
import { simulatedClock } from './ports/clock.ts'
import { simulatedItemStore } from './ports/item-store.ts'
import type { Storage } from './storage.ts'
import type { LifeParts } from './troubles.ts'

export const startOperators = (parts: LifeParts): void => {
  startNightShift(parts)
  startRedrives(parts)
  startManualOperations(parts)
}

/**
 * Whoever is called at night: sends again what was put aside, restores blocks that are missed, and
 * resumes what has failed.
 */
const startNightShift = ({
  platform,
  checkers,
  world,
  storage,
  app,
  sightings,
}: LifeParts): void => {
  const person = new Environment('person', platform.deployment)
  const call = <T>({ effect }: { readonly effect: () => Promise<T> }): Promise<T> => effect()
  const store = simulatedItemStore({
    store: storage.items,
    observer: checkers,
    world,
    environment: person,
    call,
  })
  world.every(20_000, 60_000, () => {
    platform.notifications.redrive()
    const head = checkers.mirror.head()
    if (head?.status !== 'failed') return
    sightings.see('an application resumed')
    world.log(() => `it stands as FAILED (${head.reason?.code}), and a person resumes it`)
    const restored =
      head.reason?.code === 'DATA_LOST' ? restoreBlocks(storage, checkers) : Promise.resolve()
    void restored
      .then(() => resume({ store, app, clock: simulatedClock(world, person) }))
      .catch(() => undefined)
  })
}

/** From a backup of the table. */
const restoreBlocks = async (storage: Storage, { mirror }: Checkers): Promise<void> => {
  for (const [key, item, bytes] of mirror.restore()) {
    if (bytes !== undefined) await storage.blobs.put(blobName(key), bytes)
    await storage.items.put(key, item)
  }
}

/**
 * Persons who do not know of one another, each cut off at any time. What one has begun with another
 * one brings to its end.
 */
const startRedrives = ({ world, faults, sightings, platform, checkers }: LifeParts): void => {
  world.every(4_000, 15_000, () => {
    if (faults.has('redrive')) {
      sightings.see('redrive')
      platform.giveBack(world.random.pick([1, 5, 100]))
    } else if (!checkers.letters.isSettled) platform.giveBack(0)
  })
}

/** Persons who have lost patience with a batch, or want to begin anew. */
const startManualOperations = ({
  world,
  faults,
  sightings,
  platform,
  checkers,
}: LifeParts): void => {
  world.every(500, 4_000, () => {
    const head = checkers.mirror.head()
    // Often when it may be done, and now and then when it must be refused.
    const isBetween = head?.logged !== undefined && head.owner === undefined
    for (const command of ['skip', 'reset'] as const) {
      if (!faults.has(command) || !world.random.chance(isBetween ? 0.08 : 0.01)) continue
      sightings.see(command)
      platform.operate(command)
    }
  })
}
