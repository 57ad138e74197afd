/**
 * Keeps the least elements of many, in memory for about twice as many as are wanted. Equal elements
 * keep the order in which they came, so the result is the beginning of the sorted whole.
 */
import type { Comparison } from './order.ts'

/** The fewest elements that are kept before they are sorted: sorting pays for many at once. */
const KEPT_MIN = 64

export class Least<T> {
  readonly #wanted: number
  readonly #compare: Comparison<T>
  /** In arrays, because sort() puts undefined last without a comparison. */
  #kept: (readonly [element: T])[] = []
  /** No element that is not less than this one is wanted. Undefined: all are. */
  #bound: readonly [element: T] | undefined

  /** Keeps at most `wanted` elements. Below 1: none. */
  constructor(wanted: number, compare: Comparison<T>) {
    this.#wanted = Math.max(0, wanted)
    this.#compare = compare
  }

  add(element: T): void {
    // What comes later and is equal to the last wanted element is behind it.
    if (this.#bound !== undefined && this.#compare(element, this.#bound[0]) >= 0) return
    this.#kept.push([element])
    if (this.#kept.length >= KEPT_MIN + 2 * this.#wanted) this.#cut()
  }

  /** The elements, the least first. */
  sorted(): T[] {
    this.#cut()
    return this.#kept.map(([element]) => element)
  }

  #cut(): void {
    this.#kept.sort(([a], [b]) => this.#compare(a, b))
    this.#kept = this.#kept.slice(0, this.#wanted)
    if (this.#kept.length === this.#wanted) this.#bound = this.#kept.at(-1)
  }
}
