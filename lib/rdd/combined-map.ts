/**
 * The values of keys, combined task by task. What a task has of a key is combined by itself, and
 * then merged with what earlier tasks have: so the order of reductions follows from the tasks, and
 * is the same where they run elsewhere (B3).
 */
import type { Coded } from '../base/keys.ts'
import { type Pause, visitAll } from '../base/pauses.ts'
import { ReducedMap } from '../base/reduced-map.ts'
import type { Bucket, Shuffle } from './shuffle-types.ts'

/** What two tasks have of one key could not be merged. */
export class Unmergeable extends Error {}

/** How values are combined. */
type Combining<V, W> = Pick<Shuffle<V, W>, 'create' | 'add' | 'merge'>

/** See the head of this file. */
export class CombinedMap<K, V, W> {
  readonly #combining: Combining<V, W>
  /** What all tasks have that are done. Undefined: none is. */
  #done: ReducedMap<K, W> | undefined
  /** What the current task has. */
  #current = new ReducedMap<K, W>()

  constructor(combining: Combining<V, W>) {
    this.#combining = combining
  }

  /** Adds a value of the current task. */
  readonly add = (key: K, value: V): void => {
    const { create, add } = this.#combining
    this.#current.combineNew(key, value, create, add)
  }

  /** The current task is done. What is added from now on is of the next one. */
  async nextTask(pause: Pause | undefined): Promise<void> {
    const task = this.#current
    this.#current = new ReducedMap()
    if (this.#done === undefined) this.#done = task
    else await this.take(task.codedEntries(), pause)
  }

  /** Forgets what the current task has added. */
  drop(): void {
    this.#current = new ReducedMap()
  }

  /** Takes what a whole task has. */
  async take(entries: Iterable<readonly [Coded<K>, W]>, pause: Pause | undefined): Promise<void> {
    const done = (this.#done ??= new ReducedMap())
    try {
      await visitAll(entries, pause, ([key, value]) =>
        done.combine(key, value, this.#combining.merge),
      )
    } catch {
      throw new Unmergeable()
    }
  }

  /** How many keys there are of tasks that are done. */
  get size(): number {
    return this.#done?.size ?? 0
  }

  /** All keys in no order, as `sorted` gives them. */
  entries(): Bucket<K, W> {
    const done = this.#done?.codedEntries() ?? []
    return Array.from(done, ([key, value]): Bucket<K, W>[number] => [key, value])
  }

  /** All keys in their order, in the form inside Millrace, with what tasks have that are done. */
  sorted(): Bucket<K, W> {
    return this.#done?.sortedCoded() ?? []
  }
}
