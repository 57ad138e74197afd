/** Opens the copy of a replay, and the replay itself. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { sqliteItemStore } from '../../lib/adapters/local/sqlite-item-store.ts'
import { lockStore } from '../../lib/adapters/local/store-lock.ts'
import { memoryItemStore } from '../../lib/adapters/memory/memory-item-store.ts'
import { MillraceError } from '../../lib/base/errors.ts'
import type { Plan } from '../../lib/dstream/plan.ts'
import type { ItemStore } from '../../lib/ports/item-store.ts'
import { type BindingOptions, type BoundPlan, outputsLocator } from '../../lib/runtime/bindings.ts'
import type { BatchInput } from '../../lib/runtime/driver/batch-input.ts'
import { parseNamedUri, schemeOf } from '../../lib/runtime/locations.ts'
import { Replay } from '../../lib/runtime/replay/replay.ts'
import type { ReplayStart } from '../../lib/runtime/replay/replay-range.ts'
import { claimStore } from '../../lib/state/store-owner.ts'
import { localPorts } from '../local-ports.ts'
import { replayLocations } from './replay-sources.ts'

/** The store of a copy. */
export interface OpenCopy {
  readonly store: ItemStore
  close(): void
}

/**
 * Opens the copy: in memory, or in a new directory.
 *
 * @throws MillraceError `STORE_TAKEN` when the directory has a store already.
 */
export const openCopy = async (into: string | undefined, app: string): Promise<OpenCopy> => {
  if (into === undefined) return { store: memoryItemStore(), close: () => undefined }
  if (existsSync(join(into, 'store.sqlite')))
    throw new MillraceError('STORE_TAKEN', {
      problem: 'There is a store in this directory already, and a replay writes over nothing',
      value: into,
      allowed: 'a new directory',
      fix: 'choose another directory, or remove this one',
    })
  const lock = lockStore(into)
  const store = sqliteItemStore({ directory: into })
  await claimStore(store, app)
  return {
    store,
    close() {
      store.close()
      lock.release()
    },
  }
}

/** What a replay is opened with. */
export interface ReplayWorld {
  readonly source: ItemStore
  readonly start: ReplayStart
  /** The input of the first batch. */
  readonly input: BatchInput
  readonly options: BindingOptions
  readonly copy: ItemStore
  /** The directory of the copy. Undefined: what outputs would write is only caught. */
  readonly into: string | undefined
  readonly runForeach: boolean
}

const silent = { print: (): void => undefined }

/**
 * Opens a replay.
 *
 * @throws MillraceError the errors of `Replay.open`, and of the locations of sources.
 */
export const openReplay = async (plan: Plan, world: ReplayWorld): Promise<Replay> => {
  const { source, start, input, options, copy, into, runForeach } = world
  return Replay.open({
    plan,
    source,
    start,
    ports: localPorts(copy, { sources: options.sources, printer: silent }),
    locations: replayLocations(plan, input, options),
    locateOutput: locatorBelow(resolve(into ?? '.', 'outputs'), options),
    catching: { runForeach, isWritten: into !== undefined },
  })
}

/** All outputs lie in one directory: a bucket, or a root, is a directory below it. */
const locatorBelow = (directory: string, options: BindingOptions): BoundPlan['locateOutput'] => {
  const locate = outputsLocator({ ...options, bindings: [], cwd: directory })
  return (place) => {
    const uri = parseNamedUri(place)
    if (uri !== undefined) return locate(join(uri.name, uri.rest))
    return locate(schemeOf(place) === '' ? place.replace(/^[./\\]+/, '') : place)
  }
}
