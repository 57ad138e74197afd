/**
 * The state of one partition of a stateful operator, as the operator sees it while a batch runs.
 * What it puts and removes becomes true with the batch's commit, or is forgotten with the attempt.
 */
export interface KeyedState<K, S> {
  /**
   * Every key that had state before this batch, in the order of keys (see `compareKeys`). States
   * are fresh copies: changing one changes nothing until it is put.
   */
  entries(): Iterable<readonly [K, S]>
  /**
   * Every key that has state now, with what was put and removed in this batch, in the order of
   * keys. States are fresh copies.
   */
  current(): Iterable<readonly [K, S]>
  /** The state of a key now, as a fresh copy; undefined when it has none. */
  get(key: K): S | undefined
  /**
   * Sets the state of a key. A state equal by value to the old one costs nothing: only changes are
   * written.
   */
  put(key: K, state: S): void
  /** Forgets a key; no error when it has no state. */
  remove(key: K): void
  /** As `Panes.memo`, made of the state as it is at the beginning of this batch. */
  memo<M>(make: () => M): M
}
