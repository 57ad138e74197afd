import type { ItemStore } from '../../../../lib/ports/item-store.ts'

const CALLS = ['get', 'query', 'compareAndSet', 'put', 'putAll', 'deleteAll'] as const

/** When a process dies: at this call of its store, before or after it has taken effect. */
export interface Death {
  readonly deathAt?: number
  readonly applied?: boolean
}

/** The end of a process that has a store of its own to die with. */
export interface Died<T> {
  /** How many calls of the store it has made. */
  readonly calls: number
  readonly end: T | 'dead'
}

/** Runs a process over a store. From its death on, all calls fail. */
export const runUntilDeath = async <T>(
  store: ItemStore,
  { deathAt = Infinity, applied = false }: Death,
  run: (store: ItemStore) => Promise<T>,
): Promise<Died<T>> => {
  let calls = 0
  let isDead = false
  const guarded =
    (call: (typeof CALLS)[number]) =>
    async (...given: readonly unknown[]): Promise<unknown> => {
      calls += 1
      const dies = calls >= deathAt
      if (isDead || (dies && !applied)) {
        isDead = true
        throw new Error('the process is dead')
      }
      const answer: unknown = await Reflect.apply(store[call], store, given)
      isDead ||= dies
      if (isDead) throw new Error('the process is dead')
      return answer
    }
  const own = {
    ...store,
    ...Object.fromEntries(CALLS.map((call) => [call, guarded(call)])),
  } as ItemStore
  try {
    return { end: await run(own), calls }
  } catch (error) {
    if (isDead) return { end: 'dead', calls }
    throw error
  }
}
