/**
 * Histories of a table: batches written by attempts that crash, stand still, wake up and go on, in
 * an order that follows from a seed. What must be there in the end is computed by a plain loop.
 */
import { setImmediate } from 'node:timers/promises'
import { seededRandom } from '../../lib/base/seeded.ts'
import type { TableItem } from '../../lib/base/table-item.ts'
import { type Fence, isOlderFence } from '../../lib/ports/fence.ts'
import type { Sink } from '../../lib/ports/sink.ts'
import { fenceOf, writeBatch } from './write-batch.ts'

/** An item as far as histories look at it. */
export interface SeenItem extends Fence {
  readonly value: unknown
  readonly batchTime: number
}

/** Does a call when the test lets it. */
export type Gate = <T>(call: () => Promise<T>) => Promise<T>

/** A table under test. */
export interface GatedTable {
  /** A sink of one attempt, each of whose writes goes through the gate. */
  sink(gate: Gate, countPuts: (count: number) => void): Sink<readonly TableItem[]>
  items(): ReadonlyMap<string, SeenItem>
}

type Batch = readonly (readonly TableItem[])[]

interface Attempt {
  readonly batch: number
  readonly waiting: (() => Promise<void>)[]
  puts: number
  /** How it ended. Undefined: it has not. */
  ended?: unknown
}

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f']
const STEPS_WITH_TROUBLE = 120
const timeOf = (batch: number): number => 1_000 * (batch + 1)

/** The newest value of each key, by a plain loop over all pairs. */
const foldOf = (batches: readonly Batch[]): Readonly<Record<string, string>> => {
  const newest: Record<string, string> = {}
  for (const [index, batch] of batches.entries())
    for (const { key, value } of batch.flat()) newest[key] = `${String(value)} at ${timeOf(index)}`
  return newest
}

/** One put for each key of a partition. */
const putsOf = (batch: Batch): number =>
  batch.reduce((sum, items) => sum + new Set(items.map(({ key }) => key)).size, 0)

class History {
  readonly problems: string[] = []
  readonly #random: () => number
  readonly #table: GatedTable
  readonly #batches: readonly Batch[]
  readonly #attempts: Attempt[] = []
  #seen: ReadonlyMap<string, SeenItem> = new Map()
  #generation = 1
  #epoch = 0

  constructor(seed: number, table: GatedTable) {
    this.#random = seededRandom(seed)
    this.#table = table
    this.#batches = Array.from({ length: 1 + this.#below(5) }, (_, batch) =>
      Array.from({ length: this.#below(4) }, (__, partition) =>
        Array.from({ length: this.#below(6) }, (___, n) => ({
          key: this.#oneOf(KEYS),
          value: `${batch}-${partition}-${n}`,
        })),
      ),
    )
  }

  async run(): Promise<void> {
    let steps = 0
    for (const batch of this.#batches.keys()) {
      let current = await this.#begin(batch)
      while (current.ended === undefined) {
        steps += 1
        current = await this.#step(current, steps < STEPS_WITH_TROUBLE)
      }
      this.#check(current.ended === 'done', `the newest attempt ended by ${String(current.ended)}`)
      this.#check(current.puts === putsOf(this.#batches[batch] ?? []), 'an attempt has other puts')
    }
    while (this.#anyWaiting().length > 0) await this.#letOneGo()
    this.#checkEnd()
  }

  /**
   * Lets a call go, or takes the batch away from the attempt. Gives the attempt that has it now.
   */
  async #step(current: Attempt, withTrouble: boolean): Promise<Attempt> {
    const chance = withTrouble ? this.#random() : 1
    if (chance >= 0.2) {
      await this.#letOneGo()
      return current
    }
    // It crashes, or it stands still and will go on later.
    if (chance < 0.08) current.waiting.length = 0
    if (chance > 0.16) this.#generation += 1
    return this.#begin(current.batch)
  }

  async #begin(batch: number): Promise<Attempt> {
    const attempt: Attempt = { batch, waiting: [], puts: 0 }
    this.#attempts.push(attempt)
    const gate: Gate = (call) =>
      new Promise((resolve, reject) => {
        attempt.waiting.push(async () => {
          await call().then(resolve, reject)
        })
      })
    const sink = this.#table.sink(gate, (count) => void (attempt.puts += count))
    const by = fenceOf(this.#generation, ++this.#epoch)
    const where = { path: String(timeOf(batch)), timeMs: timeOf(batch) }
    writeBatch(sink, where, by, this.#batches[batch] ?? []).then(
      () => (attempt.ended = 'done'),
      (error: { readonly code?: string }) => (attempt.ended = error.code ?? error),
    )
    await setImmediate()
    return attempt
  }

  #anyWaiting(): readonly Attempt[] {
    return this.#attempts.filter(({ waiting }) => waiting.length > 0)
  }

  async #letOneGo(): Promise<void> {
    const attempts = this.#anyWaiting()
    if (attempts.length === 0) return
    const { waiting } = this.#oneOf(attempts)
    const [call] = waiting.splice(this.#below(waiting.length), 1)
    await call?.()
    await setImmediate()
    this.#checkStep()
  }

  /** No item ever goes back, to an older batch or an older attempt. */
  #checkStep(): void {
    const now = this.#table.items()
    for (const [key, before] of this.#seen) {
      const item = now.get(key)
      const isNewer =
        item !== undefined && item.batchTime >= before.batchTime && !isOlderFence(item, before)
      this.#check(isNewer, `${key} went back`)
    }
    this.#seen = now
  }

  #checkEnd(): void {
    const there = [...this.#table.items()].map(([key, { value, batchTime }]) => [
      key,
      `${String(value)} at ${batchTime}`,
    ])
    const expected = foldOf(this.#batches)
    for (const [key, item] of there)
      this.#check(expected[key ?? ''] === item, `${key} is ${item}, not ${expected[key ?? '']}`)
    this.#check(there.length === Object.keys(expected).length, 'items are missing')
    for (const { ended, puts, batch } of this.#attempts) {
      const isExpected = [undefined, 'done', 'OUTPUT_FENCED'].includes(ended as string | undefined)
      this.#check(isExpected, `an attempt ended by ${String(ended)}`)
      this.#check(puts <= putsOf(this.#batches[batch] ?? []), 'an attempt has too many puts')
    }
  }

  #check(holds: boolean, problem: string): void {
    if (!holds) this.problems.push(problem)
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count)
  }

  #oneOf<T>(all: readonly T[]): T {
    return all[this.#below(all.length)] as T
  }
}

/** Runs the history of a seed on an empty table, and says what went wrong. */
export const problemsOf = async (seed: number, table: GatedTable): Promise<readonly string[]> => {
  const history = new History(seed, table)
  await history.run()
  return history.problems
}
