/** The accumulators of a pipeline, and their values in this process. */
import { decode, encode } from '../../base/codec.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Adding, PlacedAdds } from './adding.ts'
import type { AddsTable } from './adds-table.ts'
import { amountOf, CUSTOM, valueOf } from './kinds.ts'
import { currentPlace, misplaced } from './place-adds.ts'

/** The value of an accumulator, as it is stored after a batch: JSON. */
export interface StoredAccumulator {
  readonly kind: string
  /** Its encoding, in base64. */
  readonly state: string
}

/** By name. */
export type StoredAccumulators = Readonly<Record<string, StoredAccumulator>>

/** The values after a batch, and what the batch has added, where that is a number. */
export interface AccumulatorsAfter {
  readonly stored: StoredAccumulators
  readonly added: Readonly<Record<string, number>>
}

/** All values are written with each batch, so they are small together: in base64. */
const STORED_BYTES_MAX = 64 * 1024

const stateOfStored = ({ state }: StoredAccumulator): unknown =>
  decode(Buffer.from(state, 'base64'))

/** The value of a stored accumulator, as its users see it. */
export const valueOfStored = (stored: StoredAccumulator): unknown =>
  valueOf(stored.kind, stateOfStored(stored))

/** The same for all accumulators of an application. */
export const valuesOfStored = (
  stored: StoredAccumulators = {},
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(stored).map(([name, one]) => [name, valueOfStored(one)]))

/** See the head of this file. It belongs to one plan. */
export class AccumulatorSet {
  readonly #all = new Map<string, Adding>()
  #committed: StoredAccumulators = {}
  #batch: AddsTable | undefined

  /** @throws MillraceError `ARGUMENT_INVALID` when the name is taken. */
  declare(adding: Adding): void {
    if (this.#all.has(adding.name))
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'Two accumulators have the same name',
        value: adding.name,
        fix: 'give each accumulator its own name',
      })
    this.#all.set(adding.name, adding)
  }

  get isEmpty(): boolean {
    return this.#all.size === 0
  }

  /** The kind of each accumulator, by name. */
  get kinds(): Readonly<Record<string, string>> {
    return Object.fromEntries(Array.from(this.#all.values(), ({ name, kind }) => [name, kind]))
  }

  /** The names of those whose adds are numbers: sums, or how many elements. */
  get numeric(): readonly string[] {
    return [...this.#all.values()].flatMap(({ name, kind }) => (kind === CUSTOM ? [] : [name]))
  }

  /** What the batches so far have added. */
  committed(stored: StoredAccumulators = {}): void {
    this.#committed = stored
    this.#batch = undefined
  }

  /** A batch runs, and fills this table. */
  begin(batch: AddsTable): void {
    this.#batch = batch
  }

  /**
   * The state of an accumulator: what committed batches have added, and the batch that runs so far.
   *
   * @throws MillraceError `ACCUMULATOR_MISPLACED` in a task.
   */
  stateOf(name: string): unknown {
    const place = currentPlace()
    if (place !== undefined && !place.isDriver)
      throw misplaced(
        name,
        'The value of an accumulator cannot be read where records are processed',
      )
    const own = place?.placed(0)
    const adding = this.#all.get(name) as Adding
    const batch = [...(this.#batch?.all ?? []), ...(own === undefined ? [] : [own])]
    return merged(adding, batch, before(adding, this.#committed))
  }

  /**
   * The values after a batch.
   *
   * @throws MillraceError `VALUE_UNSUPPORTED`, `ACCUMULATOR_TOO_LARGE`.
   */
  after(stored: StoredAccumulators = {}, placed: readonly PlacedAdds[]): AccumulatorsAfter {
    const all: Record<string, StoredAccumulator> = { ...stored }
    const added: Record<string, number> = {}
    for (const adding of this.#all.values()) {
      const { name, kind } = adding
      const has = placed.some(({ states }) => states.some(([one]) => one === name))
      if (!has && all[name] !== undefined) continue
      const state = encode(merged(adding, placed, before(adding, stored)))
      all[name] = { kind, state: Buffer.from(state).toString('base64') }
      const amount = has ? amountOf(kind, merged(adding, placed, adding.zero())) : undefined
      if (amount !== undefined) added[name] = amount
    }
    checkSize(all)
    return { stored: all, added }
  }
}

const before = (adding: Adding, stored: StoredAccumulators): unknown => {
  const one = stored[adding.name]
  return one?.kind === adding.kind ? stateOfStored(one) : adding.zero()
}

/** Each state is a new copy: `merge` may keep and change what it is given. */
const merged = (adding: Adding, placed: readonly PlacedAdds[], first: unknown): unknown =>
  placed
    .flatMap(({ states }) =>
      states.flatMap(([name, state]) => (name === adding.name ? [state] : [])),
    )
    .reduce((all, state) => adding.merge(all, decode(state)), first)

const checkSize = (all: StoredAccumulators): void => {
  const sizes = Object.entries(all).map(([name, { state }]) => [name, state.length] as const)
  const total = sizes.reduce((sum, [, size]) => sum + size, 0)
  if (total <= STORED_BYTES_MAX) return
  const [largest] = sizes.toSorted(([, a], [, b]) => b - a)
  throw new MillraceError('ACCUMULATOR_TOO_LARGE', {
    problem: `The accumulators of the pipeline take ${total} bytes, which each batch would write`,
    value: largest?.[0],
    allowed: `at most ${STORED_BYTES_MAX} bytes together`,
    fix: 'add less, keep fewer elements, or use a keyed state',
  })
}
