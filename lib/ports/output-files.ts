/**
 * Who writes: outputs carry it so that a sink can refuse an older attempt (B4). Generations compare
 * first, then epochs.
 */
export interface Fence {
  readonly app: string
  readonly generation: number
  readonly epoch: number
}

/** Whether `a` was granted before `b`. */
export const isOlderFence = (a: Fence, b: Fence): boolean =>
  a.generation < b.generation || (a.generation === b.generation && a.epoch < b.epoch)

/**
 * Where a batch's text files go: a directory tree or an object store.
 *
 * What an implementation promises:
 * - *Whole or not at all.* After the call resolves, the directory `path` holds `part-00000`,
 *   `part-00001`, ... with these bytes, in
 *   order, a `_SUCCESS` file, and nothing of an earlier attempt. `_SUCCESS` holds the fence, as JSON, and is there only when all parts are.
 *   If the call rejects, or the process ends, a reader who waits for `_SUCCESS` sees nothing half done.
 * - *Newer wins.* A directory written under an older or equal fence of the same application is
 *   replaced.
 * - *Older is refused.* Under a newer fence nothing is changed: rejects with `OUTPUT_FENCED`.
 * - *Strangers are respected.* A directory with files that carry no fence of this application is
 *   left alone: rejects with `OUTPUT_EXISTS`.
 *
 * Other errors: `OUTPUT_FAILED` (retryable), `STORE_FULL`.
 */
export interface OutputFiles {
  /**
   * Writes one batch of one output. `path` is relative to the root of this tree, with `/` between
   * names, and is made if needed.
   */
  writeParts(path: string, parts: readonly Uint8Array[], fence: Fence): Promise<void>
}
