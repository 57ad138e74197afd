/**
 * A directory of this machine, watched as `millrace run --once` watches it: with its ports, and in
 * a new process for each batch.
 */
import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  rename,
  rm,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { localSources } from '../../cli/local-ports.ts'
import { systemClock } from '../../lib/adapters/local/system-clock.ts'
import { systemRandomness } from '../../lib/adapters/local/system-randomness.ts'
import { memoryItemStore } from '../../lib/adapters/memory/memory-item-store.ts'
import { compose } from '../../lib/runtime/compose.ts'
import { redrive } from '../../lib/runtime/dead-letters/redrive.ts'
import type { RuntimeEvent } from '../../lib/runtime/events.ts'
import { runLocal } from '../../lib/runtime/local/run-local.ts'
import type { SourcePorts } from '../../lib/runtime/sources/source-ports.ts'
import { directoryForm } from '../../lib/runtime/directories.ts'
import { deadLetterCodes, saidIn } from './observed.ts'
import { countingPipeline, SOURCE } from './pipeline.ts'
import type { NewFile, Place } from './place.ts'
import type { Scenario } from './scenario.ts'

const APP = 'app'

const notHere = (what: string) => async (): Promise<never> => {
  throw new Error(`a directory has no ${what}`)
}

/** A disk may round times to ticks of 10 ms, and files must be later than the start. */
const aMoment = (): Promise<void> => sleep(20)

/** Opens a directory with a pipeline. */
export const directoryPlace = async ({ options = {}, watch }: Scenario): Promise<Place> => {
  const root = await mkdtemp(join(tmpdir(), 'millrace-objects-'))
  const path = join(root, watch?.directory ?? 'in')
  await mkdir(join(root, 'in'))
  const { pipeline, lines } = countingPipeline(APP, options)
  const store = memoryItemStore()
  const [clock, randomness] = [systemClock(), systemRandomness()]
  const events: RuntimeEvent[] = []
  let change: ((place: Place) => Promise<void>) | undefined
  const startMs = clock.now()

  /** The real ones, with a change before the first read. */
  const sourcesWith = (here: Place): SourcePorts => {
    const real = localSources({ isOnce: true, bindings: [] })
    const { files } = real
    if (files === undefined) throw new Error('this machine has no directories')
    const open: typeof files.open = (location, watching) => {
      const objects = files.open(location, watching)
      return {
        ...objects,
        read: async (summary, range) => {
          const due = change
          change = undefined
          await due?.(here)
          return objects.read(summary, range)
        },
      }
    }
    return { ...real, files: { ...files, open } }
  }

  const run = async (here: Place): Promise<void> => {
    const { runner, receivers } = await compose({
      plan: pipeline.build(),
      generation: 1,
      ports: { store, clock, randomness, sources: sourcesWith(here), sinks: {} },
      locations: new Map([[SOURCE, directoryForm.parse(path, root)]]),
      locateOutput: (path) => ({ kind: 'files', path }),
      listen: (event) => void events.push(event),
      leaseMs: 0,
    })
    const { signal } = new AbortController()
    await runLocal({ runner, receivers, once: true, signal })
    await aMoment()
  }

  const placeFile = async (key: string, { bytes, ageMs = 0 }: NewFile): Promise<void> => {
    const file = join(root, key)
    await mkdir(dirname(file), { recursive: true })
    // Written elsewhere and moved in, as one should.
    const partial = join(root, 'partial')
    await writeFile(partial, bytes ?? `${basename(key)}\n`)
    const time = new Date(clock.now() - ageMs)
    await utimes(partial, time, time)
    await rename(partial, file)
    await aMoment()
  }

  const place: Place = {
    put: (key, file = {}) => placeFile(key, file),
    copy: (from, to) => copyFile(join(root, from), join(root, to)),
    async rename(from, to) {
      await mkdir(dirname(join(root, to)), { recursive: true })
      await rename(join(root, from), join(root, to))
    },
    touch: async (key) => utimes(join(root, key), new Date(), new Date()),
    append: (key, text) => appendFile(join(root, key), text),
    remove: (key) => unlink(join(root, key)),
    restore: notHere('archive'),
    skew: notHere('clock of its own'),
    batch: () => run(place),
    pass: notHere('time of its own'),
    beforeRead: (next) => void (change = next),
    deliver: notHere('notifications'),
    async redrive() {
      const times = { fromMs: startMs, toMs: clock.now() + 3_600_000 }
      await redrive({ store, app: APP, clock, randomness }, times)
    },
    seen: async () => ({
      lines: lines(),
      deadLetters: await deadLetterCodes(store, APP, startMs),
      said: saidIn(events),
    }),
    close: () => rm(root, { recursive: true }),
  }
  return place
}
