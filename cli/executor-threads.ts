/** The threads of `millrace run` that compute tasks of large batches. */
import { threadExecutors, type ThreadExecutors } from '../lib/adapters/local/thread-executors.ts'
import type { Location } from '../lib/runtime/locations.ts'

/** What a thread must know of the run. */
export interface ThreadData {
  readonly module: string
  /** The hash of the code of the module and of what it imports. */
  readonly code: string
  /** The directory of the store. */
  readonly state: string
  readonly generation: number
  readonly isOnce: boolean
  readonly bindings: readonly string[]
  /** The location of each source, by its id. */
  readonly locations: ReadonlyMap<string, Location>
}

/**
 * The executors of a run. Undefined: it has no other thread.
 *
 * @param parallelism How many tasks run at the same time, one of them in the main thread.
 */
export const executorThreads = (
  parallelism: number,
  { module, code, state, generation, isOnce, bindings, locations }: ThreadData,
): ThreadExecutors | undefined => {
  if (parallelism === 1) return undefined
  // Only what can be copied into another thread.
  const data: ThreadData = { module, code, state, generation, isOnce, bindings, locations }
  const { href } = new URL(import.meta.url)
  const entry = new URL(href.replace(/executor-threads(\.[jt]s)$/, 'executor-thread$1'))
  return threadExecutors({ count: parallelism - 1, entry, data })
}
