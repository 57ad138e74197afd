/**
 * The values of keys, combined task by task. What a task has of a key is combined by itself, and
 * then merged with what earlier tasks have: so the order of reductions follows from the tasks, and
 * is the same where they run elsewhere (B3).
 *
 * One map serves all tasks of a process, one after the other. It costs one look-up for each value,
 * and no map has to be filled again, or merged, for each task.
 */
import { type Coded, KeyedMap } from '../base/keys.ts'
import { type Pause, visitAll } from '../base/pauses.ts'
import type { Bucket, Shuffle } from './shuffle-types.ts'

/** What two tasks have of one key could not be merged. */
export class Unmergeable extends Error {}

/** What is known of a key. */
interface Combined<W> {
  /** What the tasks before `task` have of it. */
  total: W | undefined
  hasTotal: boolean
  /** What `task` has of it. Meaningless after that task was dropped. */
  value: W
  /** The latest task that has it. 0: it was dropped. */
  task: number
}

/** How values are combined. */
type Combining<V, W> = Pick<Shuffle<V, W>, 'create' | 'add' | 'merge'>

/** See the head of this file. */
export class CombinedMap<K, V, W> {
  readonly #keys = new KeyedMap<K, Combined<W>>()
  readonly #combining: Combining<V, W>
  #task = 1

  constructor(combining: Combining<V, W>) {
    this.#combining = combining
  }

  /** Adds a value of the current task. */
  readonly add = (key: K, value: V): void => {
    const known = this.#keys.get(key)
    if (known !== undefined && known.task === this.#task)
      known.value = this.#combining.add(known.value, value)
    else this.#begin(key, known, this.#combining.create(value))
  }

  /** The current task is done. What is added from now on is of the next one. */
  nextTask(): void {
    this.#task += 1
  }

  /** Forgets what the current task has added. */
  async drop(pause: Pause | undefined): Promise<void> {
    await visitAll(this.#keys.codedEntries(), pause, ([, known]) => {
      if (known.task === this.#task) known.task = 0
    })
    this.#task += 1
  }

  /** Takes what a whole task has, and ends it. */
  async take(entries: Iterable<readonly [Coded<K>, W]>, pause: Pause | undefined): Promise<void> {
    await visitAll(entries, pause, ([key, value]) => this.#begin(key, this.#keys.get(key), value))
    this.#task += 1
  }

  /** All keys in their order, in the form inside Millrace, with what all tasks have of them. */
  sorted(): Bucket<K, W> {
    const entries: Bucket<K, W> = []
    for (const [key, known] of this.#keys.sortedCoded())
      if (this.#finish(known)) entries.push([key, known.total as W])
    return entries
  }

  #begin(key: Coded<K>, known: Combined<W> | undefined, value: W): void {
    if (known === undefined) {
      const first = { total: undefined, hasTotal: false, value, task: this.#task }
      this.#keys.set(key, first)
      return
    }
    this.#finish(known)
    known.value = value
    known.task = this.#task
  }

  /** Merges what the latest task has. Returns whether any task has the key. */
  #finish(known: Combined<W>): boolean {
    if (known.task === 0) return known.hasTotal
    known.total = known.hasTotal ? this.#merge(known.total as W, known.value) : known.value
    known.hasTotal = true
    known.task = 0
    return true
  }

  #merge(a: W, b: W): W {
    try {
      return this.#combining.merge(a, b)
    } catch {
      throw new Unmergeable()
    }
  }
}
