import { checkFault, checkPoison, type KeyRejection } from '../../rdd/bad-records.ts'
import type { PartitionView } from '../plan-node.ts'

/** The values that a key had in a batch, and why its function could not process them. */
interface BadValues {
  readonly key: unknown
  readonly values: readonly unknown[]
  readonly error: unknown
}

/** Collects the keys of one partition that a function of a state cannot process. */
export class KeysAside {
  readonly #view: PartitionView
  readonly #keys: KeyRejection
  readonly #bad: BadValues[] = []

  constructor(view: PartitionView, keys: KeyRejection) {
    this.#view = view
    this.#keys = keys
  }

  add(bad: BadValues): void {
    checkFault(bad.error)
    this.#bad.push(bad)
  }

  /**
   * Puts the keys aside. `keys`: how many keys had values in this batch.
   *
   * @throws MillraceError `POISON_BREAKER` when too many of them are bad.
   */
  finish(keys: number): void {
    const { id, partition } = this.#view
    const { limits } = this.#keys
    const description = `partition ${partition} of ${id}`
    const all = this.#bad.splice(0)
    for (const [index, { key, values, error }] of all.entries()) {
      const first = { label: id, record: { key, values: values.slice(0, 10) }, error }
      if (index === 0) checkPoison({ description, limits }, all.length, keys, first)
      this.#keys.reject({ label: id, place: `${partition}.${index}`, key, values, error })
    }
  }
}
