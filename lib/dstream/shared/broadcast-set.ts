/** The broadcast values of a pipeline that are loaded, and their values in this process. */
import { MillraceError } from '../../base/errors.ts'

/** How a value is loaded. */
export interface DeclaredBroadcast {
  readonly name: string
  readonly load: () => unknown
  /** Left out: its versions have no names. */
  readonly version: (() => string | Promise<string>) | undefined
  /** How long a version is used before a newer one is looked for, in batch time. */
  readonly everyMs: number
}

interface Held {
  /** Names the version. */
  readonly key: string
  readonly value: unknown
}

/** See the head of this file. It belongs to one plan, whose process has one batch at a time. */
export class BroadcastSet {
  readonly #declared = new Map<string, DeclaredBroadcast>()
  readonly #held = new Map<string, Held>()

  /** @throws MillraceError `ARGUMENT_INVALID` when the name is taken. */
  declare(one: DeclaredBroadcast): void {
    if (this.#declared.has(one.name))
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'Two broadcast values have the same name',
        value: one.name,
        fix: 'give each broadcast value its own name',
      })
    this.#declared.set(one.name, one)
  }

  get isEmpty(): boolean {
    return this.#declared.size === 0
  }

  get all(): readonly DeclaredBroadcast[] {
    return [...this.#declared.values()]
  }

  /** Whether this process has a version of a value. */
  holds(name: string, key: string): boolean {
    return this.#held.get(name)?.key === key
  }

  /** From now on, functions see this version. */
  hold(name: string, held: Held): void {
    this.#held.set(name, held)
  }

  /** @throws MillraceError `BROADCAST_UNSET` before the first batch. */
  valueOf(name: string): unknown {
    const held = this.#held.get(name)
    if (held !== undefined) return held.value
    throw new MillraceError('BROADCAST_UNSET', {
      problem: 'A broadcast value is read before a batch has loaded it',
      value: name,
      fix: 'read it in the functions of the pipeline, which run in batches',
    })
  }
}
