/**
 * Time as the runtime sees it. In `lib/`, only `adapters/` and `testing/` ask the machine for the
 * time directly.
 */
export interface Clock {
  /**
   * Milliseconds since the epoch. May jump in either direction: it affects only when things happen,
   * never safety.
   */
  now(): number
  /**
   * Resolves after about `durationMs`, or at once when the signal is aborted. Never rejects. With
   * 0, the event loop turns once.
   */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>
}
