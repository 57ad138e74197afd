/**
 * What the functions of a batch have added to accumulators.
 *
 * A part of a batch may be computed more than once: two outputs read it, an executor is slow, a bad
 * record is looked for. So what is added belongs to a place: a function of a node, and a partition.
 * Each evaluation of a place gives all that the function adds there, and takes the place of what
 * an earlier one gave. So nothing counts twice in a batch, and an attempt that fails adds nothing.
 */
import { comparePlaces, type PlacedAdds } from './adding.ts'

/** Takes what is added at a place. */
export type PutAdds = Pick<AddsTable, 'put'>

/** See the head of this file. It lives as long as an attempt, or a task. */
export class AddsTable {
  readonly #placed = new Map<string, PlacedAdds>()
  readonly #listen: ((one: PlacedAdds) => void) | undefined

  /** `listen`: is told of everything that is put. */
  constructor(listen?: (one: PlacedAdds) => void) {
    this.#listen = listen
  }

  /**
   * Takes what was added at a place. Two outputs may use a partition, and find other records bad:
   * what was added from the most records counts.
   */
  put(one: PlacedAdds): void {
    const before = this.#placed.get(one.place)
    if (before === undefined || one.records >= before.records) this.#placed.set(one.place, one)
    this.#listen?.(one)
  }

  /** What was added in functions of a node. */
  ofNode(node: string): readonly PlacedAdds[] {
    return this.all.filter(({ place }) => place.startsWith(`${node}/`))
  }

  /** Everything, in the order in which it is merged. */
  get all(): readonly PlacedAdds[] {
    return [...this.#placed.values()].toSorted(comparePlaces)
  }

  /** Everything, and forgets it. */
  take(): readonly PlacedAdds[] {
    const { all } = this
    this.#placed.clear()
    return all
  }
}

/**
 * The same for RDDs that are made together: it numbers the functions of each node. So a process
 * that makes them again gives each function the same number.
 */
export class NumberedAdds implements PutAdds {
  readonly #table: PutAdds
  readonly #numbers = new Map<string, number>()

  constructor(table: PutAdds) {
    this.#table = table
  }

  /** The number of the next function of a node, from 1. In the order of the calls in user code. */
  nextNumber(node: string): number {
    const next = (this.#numbers.get(node) ?? 0) + 1
    this.#numbers.set(node, next)
    return next
  }

  /** See {@link AddsTable.put}. */
  put(one: PlacedAdds): void {
    this.#table.put(one)
  }
}
