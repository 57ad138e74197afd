/**
 * The ports of one simulated process: every call takes time, can fail before its effect, can take effect with its answer lost, and its
 * caller can die or stand still while it waits.
 */
import { MillraceError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Item, ItemKey, ItemStore, KeyedItem } from '../../ports/item-store.ts'
import type { Fence } from '../../ports/output-files.ts'
import type { Randomness } from '../../ports/randomness.ts'
import type { Faults } from './faults.ts'
import type { Environment, World } from './world.ts'

/** One write of the store, as it takes effect. */
export interface StoreWrite {
  readonly environment: Environment
  readonly key: ItemKey
  readonly before: Item | undefined
  /** Undefined: deleted. */
  readonly after: Item | undefined
}

/** One write of output files, as it takes effect. */
export interface OutputWrite {
  readonly environment: Environment
  readonly path: string
  readonly parts: readonly Uint8Array[]
  readonly fence: Fence
}

/** Sees every effect at the moment it happens. */
export interface Observer {
  stored(write: StoreWrite): void
  /** Before the sink decides whether to accept it. */
  outputting(write: OutputWrite): void
}

/** No request is in flight longer than this. */
export const LATENCY_MS_MAX = 2_000
/** Some are longer than a lease: who comes back then is a zombie. */
const FREEZES_MS = [500, 5_000, 30_000, 60_000]

/** What all processes of a world share. */
export interface Shared {
  readonly world: World
  readonly faults: Faults
  readonly store: ItemStore
  readonly writeParts: (path: string, parts: readonly Uint8Array[], fence: Fence) => Promise<void>
  readonly observer: Observer
}

/** The ports of one process. */
export interface SimulatedPorts {
  readonly store: ItemStore
  readonly clock: Clock
  readonly randomness: Randomness
  readonly saveText: (path: string, parts: readonly Uint8Array[], fence: Fence) => Promise<void>
}

export const simulatedPorts = (shared: Shared, environment: Environment): SimulatedPorts => {
  const call = caller(shared, environment)
  const random = shared.world.random.fork()
  return {
    store: simulatedStore(shared, environment, call),
    clock: {
      now: () => shared.world.nowMs + environment.clockSkewMs,
      sleep: (durationMs) => new Promise((resolve) => shared.world.after(durationMs, () => shared.world.inside(environment, resolve))),
    },
    randomness: { attemptId: () => `${environment.name}x${random.between(0, 0xffffff).toString(16)}` },
    saveText: (path, parts, fence) =>
      call(`output ${path}`, async () => {
        shared.observer.outputting({ environment, path, parts, fence })
        await shared.writeParts(path, parts, fence)
      }),
  }
}

type Call = <T>(name: string, effect: () => Promise<T>) => Promise<T>

const caller =
  ({ world, faults }: Shared, environment: Environment): Call =>
  <T>(name: string, effect: () => Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      if (!environment.alive) return
      const fault = faults.ofCall(world.nowMs)
      if (fault === 'dieBefore') return die(world, environment, name)
      world.after(latency(world, fault === 'slow'), () => {
        const answer = (settle: () => void): void => world.after(latency(world, false), () => world.inside(environment, settle))
        const failed = (): void => reject(new MillraceError('STORE_FAILED', { problem: `${fault} at ${name}`, retryable: true }))
        if (fault === 'failBefore') return answer(failed)
        void effect().then(
          (value) => {
            world.log(() => `${environment.name} ${name}${fault === 'none' ? '' : ` [${fault}]`}`)
            if (fault === 'dieAfter') die(world, environment, name)
            if (fault === 'freezeAfter') freeze(world, environment)
            answer(fault === 'lostAnswer' ? failed : () => resolve(value))
          },
          (error: unknown) => answer(() => reject(error as Error)),
        )
      })
    })

const latency = (world: World, slow: boolean): number => (slow ? world.random.between(100, LATENCY_MS_MAX / 2) : world.random.between(1, 8))

const die = (world: World, environment: Environment, name: string): void => {
  world.log(() => `${environment.name} dies at ${name}`)
  environment.alive = false
}

const freeze = (world: World, environment: Environment): void => {
  const forMs = world.random.pick(FREEZES_MS)
  world.log(() => `${environment.name} stands still for ${forMs} ms`)
  environment.frozenUntilMs = world.nowMs + forMs
}

const nameOf = ({ partition, sort }: ItemKey): string => `${partition}/${sort}`

const simulatedStore = ({ store, observer, world }: Shared, environment: Environment, timed: Call): ItemStore => {
  let answeredMs: number | undefined
  const call: Call = (name, effect) =>
    timed(name, () => {
      answeredMs = world.nowMs
      return effect()
    })
  const observed = async (key: ItemKey, write: () => Promise<void>): Promise<void> => {
    const before = await store.get(key)
    await write()
    observer.stored({ environment, key, before, after: await store.get(key) })
  }
  return {
    itemBytesMax: store.itemBytesMax,
    answeredMs: () => answeredMs,
    get: (key) => call(`get ${nameOf(key)}`, () => store.get(key)),
    query: (partition, query) => call(`query ${partition}`, () => store.query(partition, query)),
    compareAndSet: (key, seen, next) =>
      call(`compareAndSet ${nameOf(key)}`, async () => {
        const before = await store.get(key)
        const answer = await store.compareAndSet(key, seen, next)
        if (answer.swapped) observer.stored({ environment, key, before, after: next })
        return answer
      }),
    put: (key, item) => call(`put ${nameOf(key)}`, () => observed(key, () => store.put(key, item))),
    putAll: (items: readonly KeyedItem[]) =>
      call(`put ${items.map(nameOf).join(' ')}`, async () => {
        for (const { partition, sort, item } of items) await observed({ partition, sort }, () => store.put({ partition, sort }, item))
      }),
    deleteAll: (keys) =>
      call(`delete ${keys.map(nameOf).join(' ')}`, async () => {
        for (const key of keys) await observed(key, () => store.deleteAll([key]))
      }),
  }
}
