/**
 * Moves the copy of a replay into a deployed application that is new. After each deployment, a
 * batch runs that finds nothing: so a new application is one that has taken nothing.
 *
 *   copy in memory: head, state, history --head is held--> items, lanes --one write--> head
 *
 * - Nothing is moved before the last batch has run again, so a replay that fails leaves no trace.
 * - The head is held meanwhile, as by an attempt: no batch begins, and nothing is swept.
 * - One conditional write of the head then makes the whole copy true.
 * - The head has a generation before that of the deployment. So its driver adopts the copy as it
 *   adopts the state of an earlier deployment, and checks that it fits its plan (B10).
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import type { MillraceError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Item, ItemKey, ItemStore, KeyedItem } from '../../ports/item-store.ts'
import { type Head, HeadStore } from '../../state/head.ts'
import { headKey, isLaneItem, ledgerKey } from '../../state/item-keys.ts'
import { readLanes } from '../../state/lanes.ts'
import { readManifest, stateSegments } from '../../state/manifest.ts'
import { readSegment } from '../../state/segments.ts'
import { isLeaseHeld } from '../driver/schedule.ts'
import { refusal } from '../operations/operated.ts'
import { withRetries } from '../retry.ts'
import { writeTails } from './copied-state.ts'

/** A copy in memory, and the keys of what is in it. */
export interface ListedStore extends ItemStore {
  readonly keys: () => readonly ItemKey[]
}

/** Remembers the keys of what is written to a store. */
export const listedStore = (store: ItemStore): ListedStore => {
  const written = new Map<string, ItemKey>()
  const nameOf = ({ partition, sort }: ItemKey): string => JSON.stringify([partition, sort])
  const note = ({ partition, sort }: ItemKey): void => {
    written.set(nameOf({ partition, sort }), { partition, sort })
  }
  return {
    ...store,
    keys: () => [...written.values()],
    async compareAndSet(key, seen, next) {
      const answer = await store.compareAndSet(key, seen, next)
      if (answer.swapped) note(key)
      return answer
    },
    async put(key, item) {
      await store.put(key, item)
      note(key)
    },
    async putAll(items) {
      await store.putAll(items)
      items.forEach(note)
    },
    async deleteAll(keys) {
      await store.deleteAll(keys)
      for (const key of keys) written.delete(nameOf(key))
    },
  }
}

/** The application that gets the copy. */
export interface CopyTarget {
  readonly store: ItemStore
  readonly app: string
  readonly clock: Clock
  /** The generation of its deployment, and the ids of its sources. */
  readonly deployed: { readonly generation: number; readonly sources: readonly string[] }
  /** The longest duration of a lease. */
  readonly leaseMs: number
}

/**
 * Checks that an application is new: it has received nothing, taken nothing and has no state.
 *
 * @throws MillraceError `COMMAND_REFUSED`.
 */
export const checkNew = async ({
  store,
  app,
  deployed,
}: Pick<CopyTarget, 'store' | 'app' | 'deployed'>): Promise<Head | undefined> => {
  const head = await new HeadStore(store, app).read()
  if (head?.logged !== undefined) throw notNew(app, 'a batch is not finished')
  for (const source of deployed.sources) {
    const lanes = await readLanes(store, app, source)
    if (lanes.length > 0) throw notNew(app, `${source} has received records`)
    const { partition } = ledgerKey(app, source, '')
    const [taken] = await store.query(partition, { limit: 1 })
    if (taken !== undefined) throw notNew(app, `${source} has taken files or objects`)
  }
  if (head?.manifest === undefined) return head
  const manifest = await readManifest(store, app, head.manifest)
  const segments = await stateSegments(manifest, (ref) => readSegment(store, app, ref))
  if (segments.length > 0) throw notNew(app, 'it has a state')
  return head
}

const notNew = (app: string, value: string): MillraceError =>
  refusal(
    'The application that should get the copy is not new, and a replay writes over nothing',
    `${app}: ${value}`,
    'an application that has received nothing and has no state',
    'deploy the pipeline again with an appName and a table of their own, and with nothing that ' +
      'feeds it yet',
  )

/** How long the head is held. What takes longer is refused at the end, and nothing has changed. */
const HELD_MS = 15 * 60_000

/**
 * Moves the copy. When it rejects, the application has taken nothing, and may begin by itself.
 *
 * @throws MillraceError `COMMAND_REFUSED`, `STORE_FAILED`.
 */
export const moveCopy = async (
  copy: ListedStore,
  target: CopyTarget,
  by: string,
): Promise<void> => {
  const { store, app, clock, deployed } = target
  const head = await new HeadStore(copy, app).read()
  if (head?.manifest === undefined) return
  const heads = new HeadStore(store, app)
  const held = await holdHead(heads, head, target, by)
  const free = { owner: undefined, leaseEndMs: 0 }
  try {
    await checkNew(target)
    const items = await itemsToMove(copy, app)
    await withRetries(clock, () => store.putAll(items))
    const { offsets } = await readManifest(copy, app, head.manifest)
    await writeTails(store, app, offsets, by)
    const epoch = Math.max(head.epoch, held.epoch) + 1
    const next: Head = { ...head, ...free, generation: deployed.generation - 1, epoch }
    const { swapped } = await heads.replaceNew(held, next)
    if (!swapped) throw notNew(app, 'it has begun meanwhile')
  } catch (error) {
    await heads.swap(held, ['epoch', 'owner', 'logged'], { ...held, ...free })
    throw error
  }
}

/** Holds the head, as an attempt does: no driver begins a batch meanwhile. */
const holdHead = async (
  heads: HeadStore,
  copied: Head,
  target: CopyTarget,
  by: string,
): Promise<Head> => {
  const { app, clock, deployed, leaseMs } = target
  const seen = await checkNew(target)
  const nowMs = clock.now()
  if (seen !== undefined && isLeaseHeld(seen, nowMs, leaseMs))
    throw notNew(app, 'its driver works at this moment')
  const own = { owner: by, leaseEndMs: nowMs + Math.min(HELD_MS, leaseMs) }
  const held: Head =
    seen === undefined
      ? {
          ...copied,
          ...own,
          generation: deployed.generation - 1,
          manifest: undefined,
          afterCommit: undefined,
          offsets: {},
          load: undefined,
        }
      : { ...seen, ...own, epoch: seen.epoch + 1 }
  const { swapped } =
    seen === undefined
      ? await heads.create(held)
      : await heads.swap(seen, ['epoch', 'owner', 'leaseEndMs', 'generation', 'logged'], held)
  if (swapped) return held
  throw notNew(app, 'it has begun meanwhile')
}

/** All but the head and the lanes. */
const itemsToMove = async (copy: ListedStore, app: string): Promise<readonly KeyedItem[]> => {
  const head = headKey(app)
  const keys = copy
    .keys()
    .filter((key) => key.partition !== head.partition || key.sort !== head.sort)
    .filter((key) => !isLaneItem(app, key))
  const found = await allOrFirstError(
    keys.map(async (key): Promise<readonly KeyedItem[]> => {
      const item: Item | undefined = await copy.get(key)
      return item === undefined ? [] : [{ ...key, item }]
    }),
  )
  return found.flat()
}
