/**
 * What one partition of a windowed operator keeps of earlier batch times: one pane for each batch
 * that had something for it. A pane that is put becomes true with the batch's commit, and one that
 * is dropped is gone with it; a failed attempt leaves no trace.
 *
 * `C` is what a pane holds: anything that can be stored.
 */
export interface Panes<C> {
  /** The batch times of all panes, oldest first; that of this batch too, once it is put. */
  readonly times: readonly number[]
  /**
   * What a pane holds. Not to be changed: it may be handed out again. Reading a pane twice may give
   * two copies.
   *
   * @throws MillraceError what the store throws, for a pane that this process has not in memory.
   */
  read(timeMs: number): Promise<C>
  /**
   * Keeps this as the pane of this batch. `isSimple` says that nothing in it can be changed by
   * whoever gets parts of it.
   */
  put(content: C, isSimple: boolean): void
  /** Forgets all panes of batches before a time. */
  dropBefore(timeMs: number): void
  /**
   * Something that was made of panes and speeds up the next batch: what `make` gives the first
   * time, and then the same again, for as long as this process is sure of what is stored. Whoever
   * uses it must be able to make it anew from the panes at any time, and get the same results to
   * the last bit (B3). It may be changed at once: an attempt that fails throws it away.
   */
  memo<M>(make: () => M): M
}
