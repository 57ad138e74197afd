import type { Coded } from '../../base/keys.ts'

/**
 * The state of one partition of a stateful operator, as the operator sees it while a batch runs.
 * Puts and removals become true when the batch commits. If the attempt fails, they are dropped.
 */
export interface KeyedState<K, S> {
  /**
   * Every key that had state before this batch, in the order of keys (see `compareKeys`). States
   * are fresh copies: a change has no effect until the state is put.
   */
  entries(): Iterable<readonly [K, S]>
  /**
   * The same in no fixed order, with keys in the form inside Millrace: see `codedKey`. It costs
   * nothing afterwards, while `entries` keeps a sorted list from then on.
   */
  unsorted(): Iterable<readonly [Coded<K>, S]>
  /**
   * Every key that has state now, after the puts and removals of this batch, in the order of keys.
   * States are fresh copies.
   */
  current(): Iterable<readonly [K, S]>
  /** The same, with keys in the form inside Millrace: see `codedKey`. */
  currentCoded(): Iterable<readonly [Coded<K>, S]>
  /** The state of a key now, as a fresh copy. Undefined: the key has no state. */
  get(key: Coded<K>): S | undefined
  /** Whether the key has a state now, which may be undefined. */
  has(key: Coded<K>): boolean
  /**
   * Sets the state of a key. Only changes are written: a state that equals the old one by value
   * costs nothing.
   */
  put(key: Coded<K>, state: S): void
  /** Removes the state of a key. Does nothing if the key has no state. */
  remove(key: Coded<K>): void
  /** Like `Panes.memo`, but made from the state at the beginning of this batch. */
  memo<M>(make: () => M): M
}
