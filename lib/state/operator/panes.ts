/**
 * The panes of one partition of a windowed operator: one pane for each earlier batch that had data
 * for this partition. Puts and drops become true when the batch commits. A failed attempt leaves no
 * trace.
 *
 * `C` is the content of a pane: any value that can be stored.
 */
export interface Panes<C> {
  /** The batch times of all panes, oldest first. Includes this batch once its pane was put. */
  readonly times: readonly number[]
  /**
   * The content of a pane. The caller must not change it: other callers may get the same object.
   * Two reads of a pane may give two copies.
   *
   * @throws MillraceError the errors of the store, if the pane is not in memory.
   */
  read(timeMs: number): Promise<C>
  /**
   * Reads those of these panes that are not in memory, many at once. After a cold start a window
   * would wait for one after the other without it.
   *
   * @throws MillraceError the errors of the store.
   */
  fetch(timesMs: readonly number[]): Promise<void>
  /**
   * Sets the pane of this batch. `isSimple`: no code that gets a part of the content can change it.
   */
  put(content: C, isSimple: boolean): void
  /** Removes the pane of this batch, if it was put. */
  unput(): void
  /** Drops all panes of batches before a time. */
  dropBefore(timeMs: number): void
  /**
   * A value that was made from panes and speeds up the next batch. The first call gives the result
   * of `make`. Later calls give the same value, as long as this process knows what is stored. The
   * caller must be able to make the value again from the panes at any time, with the same results
   * to the last bit (B3). The caller may change the value immediately: a failed attempt throws it
   * away.
   */
  memo<M>(make: () => M): M
}
