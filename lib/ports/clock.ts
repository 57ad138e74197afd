/**
 * Time as the runtime sees it. Nothing in `lib/` outside `adapters/` and `testing/` asks the
 * machine for the time in any other way.
 */
export interface Clock {
  /**
   * Milliseconds since the epoch. May jump in either direction: safety never rests on it, only when
   * things happen.
   */
  now(): number
  /**
   * Resolves after about so many milliseconds, or at once when the signal is aborted; never
   * rejects.
   */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>
}
