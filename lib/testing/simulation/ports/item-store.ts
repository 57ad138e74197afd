import {
  itemBytes,
  type ItemKey,
  type ItemStore,
  type KeyedItem,
} from '../../../ports/item-store.ts'
import type { Random } from '../../random.ts'
import type { Caller } from '../calls.ts'
import type { Environment } from '../environment.ts'
import type { World } from '../world.ts'
import type { Observer } from './observer.ts'

/** What the store is made with. */
export interface SimulatedStoreParts {
  /** The table that all processes share. */
  readonly store: ItemStore
  readonly observer: Observer
  readonly world: World
  readonly environment: Environment
  readonly call: Caller
}

const nameOf = ({ partition, sort }: ItemKey): string => `${partition}/${sort}`

/** Picks some of several items, in any order: those that a failed batch of writes has written. */
const someOf = <T>(items: readonly T[], random: Random): readonly T[] =>
  items.filter(() => random.chance(0.5)).toReversed()

/** Writes of single items, each of which the checkers see. */
const observedWrites = ({
  store,
  observer,
  environment,
}: Pick<SimulatedStoreParts, 'store' | 'observer' | 'environment'>) => {
  const observeWrite = async (key: ItemKey, write: () => Promise<void>): Promise<void> => {
    const before = await store.get(key)
    await write()
    observer.stored({ environment, key, before, after: await store.get(key) })
  }
  const putEach = async (items: readonly KeyedItem[]): Promise<void> => {
    // Refused before anything is written.
    const tooLarge = items.find((keyed) => itemBytes(keyed, keyed.item) > store.itemBytesMax)
    if (tooLarge !== undefined) return store.put(tooLarge, tooLarge.item)
    for (const { partition, sort, item } of items)
      await observeWrite({ partition, sort }, () => store.put({ partition, sort }, item))
  }
  const deleteEach = async (keys: readonly ItemKey[]): Promise<void> => {
    for (const key of keys) await observeWrite(key, () => store.deleteAll([key]))
  }
  return { observeWrite, putEach, deleteEach }
}

/**
 * The access of one process to the table. Writes of single items are linearizable, batches may be
 * written in part, and answers show the clock of the table.
 */
export const simulatedItemStore = ({
  store,
  observer,
  world,
  environment,
  call,
}: SimulatedStoreParts): ItemStore => {
  let answeredMs: number | undefined
  const runTimed = async <T>(effect: () => Promise<T>): Promise<T> => {
    answeredMs = world.clockMs
    return effect()
  }
  const { observeWrite, putEach, deleteEach } = observedWrites({ store, observer, environment })
  const batch = <T extends ItemKey>(
    name: string,
    items: readonly T[],
    write: (items: readonly T[]) => Promise<void>,
  ): Promise<void> =>
    call({
      name: `${name} ${items.map(nameOf).join(' ')}`,
      ...(items[0] === undefined ? {} : { partition: items[0].partition }),
      isBatch: items.length > 1,
      effect: () => runTimed(() => write(items)),
      part: () => write(someOf(items, world.random)),
    })
  return {
    itemBytesMax: store.itemBytesMax,
    answeredMs: () => answeredMs,
    get: (key) =>
      call({
        name: `get ${nameOf(key)}`,
        partition: key.partition,
        effect: () =>
          runTimed(async () => {
            const item = await store.get(key)
            observer.read(key, item, environment)
            return item
          }),
      }),
    query: (partition, query) =>
      call({
        name: `query ${partition}`,
        partition,
        effect: () => runTimed(() => store.query(partition, query)),
      }),
    compareAndSet: (key, seen, next) =>
      call({
        name: `compareAndSet ${nameOf(key)}`,
        partition: key.partition,
        effect: () =>
          runTimed(async () => {
            const before = await store.get(key)
            const answer = await store.compareAndSet(key, seen, next)
            if (answer.swapped) observer.stored({ environment, key, before, after: next })
            else observer.refused({ environment, key, after: next })
            return answer
          }),
      }),
    put: (key, item) =>
      call({
        name: `put ${nameOf(key)}`,
        partition: key.partition,
        effect: () => runTimed(() => observeWrite(key, () => store.put(key, item))),
      }),
    putAll: (items) => batch('put', items, putEach),
    deleteAll: (keys) => batch('delete', keys, deleteEach),
  }
}
