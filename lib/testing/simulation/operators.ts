/** What operators do: they restore, resume, redrive, skip and reset, at any time. */
import { MALFORMED_MESSAGES } from './cloud/bucket.ts'
import { blobName } from '../../adapters/blob-item-store.ts'
import { resume } from '../../runtime/operations/resume.ts'
import type { Checkers } from './checkers/checkers.ts'
import { Environment } from './environment.ts'
import { simulatedClock } from './ports/clock.ts'
import { simulatedItemStore } from './ports/item-store.ts'
import type { Storage } from './storage.ts'
import type { LifeParts } from './troubles.ts'

export const startOperators = (parts: LifeParts): void => {
  startOnCall(parts)
  startRedrives(parts)
  startManualOperations(parts)
  startImports(parts)
}

/**
 * The operator on call: sends messages of the dead-letter queue again, restores missing blocks, and
 * resumes a FAILED application.
 */
const startOnCall = ({ platform, checkers, world, storage, app, sightings }: LifeParts): void => {
  const operator = new Environment('operator', platform.deployment)
  const call = <T>({ effect }: { readonly effect: () => Promise<T> }): Promise<T> => effect()
  const store = simulatedItemStore({
    store: storage.items,
    observer: checkers,
    world,
    environment: operator,
    call,
  })
  world.every(20_000, 60_000, () => {
    platform.notifications.redrive((body) => MALFORMED_MESSAGES.includes(body))
    const head = checkers.mirror.head()
    if (head?.status !== 'failed') return
    sightings.see('an application resumed')
    world.log(() => `the application is FAILED (${head.reason?.code}), an operator resumes it`)
    const restored =
      head.reason?.code === 'DATA_LOST' ? restoreBlocks(storage, checkers) : Promise.resolve()
    void restored
      .then(() => resume({ store, app, clock: simulatedClock(world, operator) }))
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
 * Operators who do not know of each other. Each command may be interrupted at any time. Another
 * operator then finishes what was begun.
 */
const startRedrives = ({ world, faults, sightings, platform, checkers }: LifeParts): void => {
  world.every(4_000, 15_000, () => {
    if (faults.has('redrive')) {
      sightings.see('redrive')
      platform.redrive(world.random.pick([1, 5, 100]))
    } else if (!checkers.deadLetters.isSettled) platform.redrive(0)
  })
}

/** Operators who write a state back as they have read it. */
const startImports = (parts: LifeParts): void => {
  const { world, faults, sightings, platform } = parts
  if (!faults.kinds.has('import')) return
  world.after(world.reading.between(2_000, 15_000), () => {
    if (faults.has('import')) {
      sightings.see('import')
      platform.operate('import')
    }
    startImports(parts)
  })
}

/** Operators who skip a failing batch, reset the state, or give up a source. */
const startManualOperations = ({
  world,
  faults,
  sightings,
  platform,
  checkers,
}: LifeParts): void => {
  world.every(500, 4_000, () => {
    const head = checkers.mirror.head()
    // Often when the command is allowed, and sometimes when it must be refused.
    const isBetween = head?.logged !== undefined && head.owner === undefined
    for (const command of ['skip', 'reset'] as const) {
      if (!faults.has(command) || !world.random.chance(isBetween ? 0.08 : 0.01)) continue
      sightings.see(command)
      platform.operate(command)
    }
    // Mostly refused while a batch is logged, since it reads the source.
    if (faults.has('skipSource') && world.random.chance(isBetween ? 0.01 : 0.03)) {
      sightings.see('skipSource')
      platform.operate('skipSource')
    }
  })
}
