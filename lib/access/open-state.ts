import { MillraceError } from '../base/errors.ts'
import { type Time, timeOf } from '../base/time.ts'
import type { ItemStore } from '../ports/item-store.ts'

/**
 * Where an application is: on this machine, by the directory of its store, or on AWS, by the name
 * that `cdk deploy` printed.
 *
 * @example
 * ```ts
 * const here: StatePlace = { directory: '.millrace/word-count' }
 * const deployed: StatePlace = { app: 'clicks' }
 * console.log(here, deployed)
 * ```
 */
export type StatePlace = { readonly directory: string } | { readonly app: string }

/**
 * The states of all keys of one operator, after one batch.
 *
 * The view stays at this batch for as long as the store keeps it, which is at least two more
 * batches. Then a read moves it to the newest batch; `batchTime` says which one it shows. All
 * entries of one iteration are of one batch.
 *
 * @example
 * ```ts
 * const print = async (totals: OpenedState<string, number>): Promise<void> => {
 *   for await (const [word, total] of totals) console.log(word, total)
 * }
 * ```
 */
export interface OpenedState<K, S> extends AsyncIterable<readonly [key: K, state: S]> {
  /** The id of the operator, or the name that `named()` gives it. */
  readonly name: string
  /** The batch that the view shows. */
  readonly batchTime: Time
  /**
   * The state of a key. Undefined: it has none. The first call for a partition reads it; the view
   * keeps it in memory for the next ones.
   */
  get(key: K): Promise<S | undefined>
  /** The number of keys that have a state. */
  count(): Promise<number>
  /** Moves to the newest batch. */
  refresh(): Promise<void>
  /** Closes the store. */
  close(): void
}

/**
 * Reads the state of an operator from outside of its pipeline, also while batches run. `name` is
 * the id of the operator, or its name if it has one: `millrace state` lists them. Windows are not
 * keyed state. On AWS the role needs `app.grantReadState(role)`.
 *
 * The types are the caller's: the store does not know them.
 *
 * @throws MillraceError `STATE_UNKNOWN` when there is no such state; `STORE_NOT_FOUND`,
 * `STORE_UNREADABLE`, `STORE_FAILED`; on AWS also `ACCESS_DENIED`, `CREDENTIALS_MISSING` and
 * `PACKAGE_MISSING`.
 * @example
 * ```ts
 * const readTotals = async (): Promise<void> => {
 *   const totals = await openState<string, number>('totals', {
 *     directory: '.millrace/word-count',
 *   })
 *   console.log(totals.batchTime, await totals.get('to'), await totals.count())
 *   for await (const [word, total] of totals) console.log(word, total)
 *   totals.close()
 * }
 * ```
 */
export const openState = async <K = unknown, S = unknown>(
  name: string,
  place: StatePlace,
): Promise<OpenedState<K, S>> => {
  checkArguments(name, place)
  // Loaded when first needed: a pipeline that never reads its state from outside needs none of it.
  const { app, store, close } = await storeAt(place)
  try {
    const { StateView } = await import('../runtime/state/state-view.ts')
    const { systemClock } = await import('../adapters/local/system-clock.ts')
    const view = await StateView.open({ app, store, clock: systemClock() }, name)
    return {
      name,
      get batchTime() {
        return timeOf(view.timeMs)
      },
      get: async (key) => (await view.get(key))?.state as S | undefined,
      count: () => view.count(),
      refresh: () => view.refresh(),
      close,
      async *[Symbol.asyncIterator]() {
        const { entries } = await view.readAll()
        for await (const { key, state } of entries) yield [key as K, state as S] as const
      },
    }
  } catch (error) {
    close()
    throw error
  }
}

const checkArguments = (name: unknown, place: unknown): void => {
  const isPlace = ['directory', 'app'].some(
    (field) => typeof (place as Record<string, unknown> | undefined)?.[field] === 'string',
  )
  if (typeof name === 'string' && isPlace) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'openState() needs the name of a state, and where its application is',
    value: [name, place],
    allowed: 'a name, and { directory } or { app }',
    fix: "for example openState('totals', { directory: '.millrace/word-count' })",
  })
}

interface OpenedStore {
  readonly app: string
  readonly store: ItemStore
  readonly close: () => void
}

const storeAt = async (place: StatePlace): Promise<OpenedStore> => {
  if ('directory' in place) {
    const { localStore } = await import('./local-store.ts')
    const { app, store } = await localStore(place.directory)
    return { app, store, close: () => store.close() }
  }
  const { deployedStore } = await import('./deployed-store.ts')
  const { deployment, store } = await deployedStore(place.app)
  return { app: deployment.app, store, close: () => undefined }
}
