/**
 * Where an accumulator adds to: the function of the user that runs now has a place in the batch.
 *
 * The function of a narrow step runs synchronously, so it is known by a variable that is set around
 * each call. A function that may wait has its place in an asynchronous context.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { encode } from '../../base/codec.ts'
import { MillraceError } from '../../base/errors.ts'
import { type Adding, type PlacedAdds, placeName } from './adding.ts'
import type { NumberedAdds, PutAdds } from './adds-table.ts'

/** What is added at one place while its function runs. */
export class PlaceAdds {
  /** Whether the function runs in the driver, where values of accumulators can be read. */
  readonly isDriver: boolean
  readonly #place: string
  readonly #states = new Map<string, unknown>()
  /** What was added since `begin`, and may be dropped. */
  #open: (readonly [adding: Adding, value: unknown])[] | undefined

  constructor(place: string, isDriver = false) {
    this.#place = place
    this.isDriver = isDriver
  }

  add(adding: Adding, value: unknown): void {
    if (this.#open === undefined) this.#apply(adding, value)
    else this.#open.push([adding, value])
  }

  #apply(adding: Adding, value: unknown): void {
    const { name } = adding
    const state = this.#states.has(name) ? this.#states.get(name) : adding.zero()
    this.#states.set(name, adding.add(state, value))
  }

  /** From now on, nothing counts before `keep`. */
  begin(): void {
    this.#open = []
  }

  keep(): void {
    const open = this.#open ?? []
    this.#open = undefined
    for (const [adding, value] of open) this.#apply(adding, value)
  }

  drop(): void {
    this.#open = undefined
  }

  /** As plain data. Undefined: nothing was added. */
  placed(records: number): PlacedAdds | undefined {
    if (this.#states.size === 0) return undefined
    const states = Array.from(this.#states, ([name, state]) => [name, encode(state)] as const)
    return { place: this.#place, records, states }
  }
}

/** Where the function of a narrow step adds. */
export interface StepPlace {
  readonly table: PutAdds
  readonly name: string
}

const waiting = new AsyncLocalStorage<PlaceAdds>()
let running: PlaceAdds | undefined

/** The place of the function that runs now. Undefined: it has none. */
export const currentPlace = (): PlaceAdds | undefined => running ?? waiting.getStore()

/** Calls a function that has its place here, and does not wait. */
export const callAt = <R>(place: PlaceAdds, f: () => R): R => {
  const before = running
  running = place
  try {
    return f()
  } finally {
    running = before
  }
}

/** Where a function adds that may wait. */
export interface FunctionPlace {
  readonly node: string
  readonly number?: number
  readonly partition?: number
  readonly isDriver?: boolean
}

/** Calls a function that may wait. When it has ended, what it has added counts. */
export const addingAt = async <R>(
  table: PutAdds | undefined,
  { node, number = 0, partition = 0, isDriver = false }: FunctionPlace,
  f: () => R | Promise<R>,
): Promise<R> => {
  if (table === undefined) return f()
  const place = new PlaceAdds(placeName(node, number, partition), isDriver)
  const result = await waiting.run(place, async () => f())
  const placed = place.placed(0)
  if (placed !== undefined) table.put(placed)
  return result
}

/** Calls a function. If it throws, what it has added does not count. */
export const addingAll = <R>(f: () => R): R => {
  const place = currentPlace()
  place?.begin()
  try {
    const result = f()
    place?.keep()
    return result
  } catch (error) {
    place?.drop()
    throw error
  }
}

/** The error for an accumulator that is used where it cannot be. */
export const misplaced = (name: string, problem: string): MillraceError =>
  new MillraceError('ACCUMULATOR_MISPLACED', {
    problem,
    value: name,
    allowed:
      'add() in functions that see each record, partition or batch once: those of map, filter, ' +
      'flatMap, mapPartitions, states, transform and foreachRDD. Reading a value: in transform, ' +
      'foreachRDD and listeners',
    fix: 'for what reductions, windows and outputs do, add in a map before or after them',
  })

/** The places of a narrow step, by the index of the partition. Undefined: nothing can be added. */
export const placesOf = (
  table: NumberedAdds | undefined,
  label: string,
): ((partition: number) => StepPlace) | undefined => {
  if (table === undefined) return undefined
  const number = table.nextNumber(label)
  return (partition) => ({ table, name: placeName(label, number, partition) })
}
